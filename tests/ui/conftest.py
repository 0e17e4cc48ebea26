"""What the window's tests share: settings, drawn thumbnails, and photos that name themselves."""

from __future__ import annotations

import io
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image
from support.recogniser import NameReader, make_photos, model_info

from flowersorter.jobs import promise, sort
from flowersorter.jobs.explain import Explanation, Frame, Neighbour
from flowersorter.learning.calibrate import Threshold
from flowersorter.records import Code, Refused, Score
from flowersorter.settings import Settings
from flowersorter.ui import theme
from flowersorter.ui.explanations import Explanations
from flowersorter.ui.main_window import MainWindow
from flowersorter.ui.review_view import ReviewView
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.sort_session import SortSession
from flowersorter.ui.tasks import end_tasks
from flowersorter.ui.thumbnails import Previews, Thumbnails

PATIENCE = 20_000  # ms; a busy machine starts databases and child processes slowly


@pytest.fixture(scope="session", autouse=True)
def dressed(qapp):
    theme.apply(qapp)


@pytest.fixture
def store(home, qapp):
    made = SettingsStore(home.settings_file, Settings(model="my garden"))
    yield made
    made.close()
    end_tasks(made)


class DrawingThumbnailer:
    """Plain pictures at once; ``broken-*`` are refused. `asked` keeps the order of requests."""

    def __init__(self) -> None:
        self.asked: list[Path] = []
        self.closed = False

    def thumbnail(self, path, digest):
        self.asked.append(path)
        if path.name.startswith("broken"):
            raise Refused(Code.UNREADABLE)
        stream = io.BytesIO()
        Image.new("RGB", (32, 24), (60, 140, 70)).save(stream, "JPEG")
        return stream.getvalue()

    def preview(self, path, long_side):
        if path.name.startswith("broken"):
            raise Refused(Code.UNREADABLE)
        return np.full((90, 120, 3), 90, np.uint8)

    def close(self):
        self.closed = True


class DrawingExplainer:
    """Hot in the left half; one neighbour of the species and one daisy. `asked` keeps the wishes."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.neighbours = (("a.jpg", ""), ("b.jpg", "daisy"))  # the second name "": the species asked for
        self.lost = 0
        self.problem: Exception | None = None
        self.go_on = Event()
        self.go_on.set()

    def explain(self, info, photo, species):
        self.asked.append((photo.name, species))
        assert self.go_on.wait(20)
        if self.problem is not None:
            raise self.problem
        heat = np.zeros((224, 224), np.float32)
        heat[:, :112] = 1.0
        found = self.neighbours
        neighbours = found and tuple(
            Neighbour(Path("/taught") / name, name, other or species, 0.9) for name, other in found
        )
        ranking = (Score("rose", 0.7), Score("daisy", 0.3))
        return Explanation(species, ranking, heat, Frame(0.125, 0, 0.75, 1), neighbours, self.lost)

    def close(self):
        self.go_on.set()


@pytest.fixture
def explainer():
    return DrawingExplainer()


@pytest.fixture
def thumbnailer():
    return DrawingThumbnailer()


@pytest.fixture
def thumbnails(thumbnailer, qapp):
    made = Thumbnails(thumbnailer)
    yield made
    made.close()


@pytest.fixture
def recogniser(monkeypatch):
    """What `classify` opens; sure from 80 % on."""
    made = NameReader(Threshold(0.8), model_info())
    monkeypatch.setattr(sort, "open_recogniser", lambda *_arguments: made)
    monkeypatch.setattr(promise, "threshold_of", lambda _info, max_wrong: made.threshold(max_wrong))
    return made


@pytest.fixture
def session(home, store, qapp):
    made = SortSession(home, store)
    yield made
    made.close()
    end_tasks(made)


@pytest.fixture
def folder(tmp_path):
    """Seven photos: four sure, two unsure, one broken."""
    made = tmp_path / "photos"
    make_photos(
        made,
        "daisy-95-1.jpg", "daisy-85-2.jpg", "rose-99-1.jpg", "tulip-90-1.jpg",
        "daisy-40-3.jpg", "rose-55-2.jpg", "broken-1.jpg",
    )  # fmt: skip
    return made


@pytest.fixture
def sort_folder(qtbot, session, recogniser):
    """Look into a folder and classify it, to the end."""

    def run(folder: Path, **choices: object) -> None:
        request = sort.SortRequest(folder, include_filed=True, **choices)
        with qtbot.waitSignal(session.found, timeout=PATIENCE):
            session.look(request)
        with qtbot.waitSignal(session.classified, timeout=PATIENCE):
            session.classify(request)

    return run


@pytest.fixture
def explanations(explainer, qapp):
    made = Explanations(explainer)
    yield made
    made.close()
    end_tasks(made)


@pytest.fixture
def view(qtbot, session, store, thumbnails, thumbnailer, explanations):
    previews = Previews(thumbnailer)
    made = ReviewView(session, store, thumbnails, previews, explanations)
    qtbot.addWidget(made)
    made.resize(1000, 700)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    previews.close()
    end_tasks(previews)


@pytest.fixture
def window(qtbot, home, store, thumbnailer, recogniser):
    made = MainWindow(home, store, thumbnailer)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    qtbot.waitUntil(lambda: not made.isVisible())
    made.deleteLater()


@pytest.fixture
def reviewed(qtbot, window, folder):
    """The window with `folder` in its review."""
    page = window.sort_page
    with qtbot.waitSignal(window.session.found, timeout=PATIENCE):
        window.open_folder(folder)
    with qtbot.waitSignal(window.session.classified, timeout=PATIENCE):
        page._start(window.session.request)
    return window
