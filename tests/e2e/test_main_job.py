"""The main job from end to end, through the window and through the command line: teach, sort a mixture,
correct some, move, undo; and the tree equals the first one in names, bytes and dates.

On the real photos and weights where they lie beside the checkout, and on drawn ones in any case.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from support.commands import Command
from support.networks import save_random_weights
from support.trees import contents, tree

from flowersorter.app import open_window
from flowersorter.paths import Home
from flowersorter.records import Receipt, Status
from flowersorter.settings import Settings, save
from flowersorter.ui import theme
from flowersorter.ui.main_window import MainWindow
from flowersorter.ui.review import Standing

PATIENCE = 150_000  # ms: the first look at the real photos takes its time on a busy machine

MAX_WRONG = {"drawn": 20.0, "real": 5.0}


@dataclass(frozen=True)
class Material:
    """What one run works on. `cache` is shared by the runs, as a user's is: no photo is seen twice."""

    kind: str
    labelled: Path
    weights: Path
    mixture: tuple[Path, ...]
    cache: Path


@pytest.fixture(scope="module", params=["drawn", pytest.param("real", marks=pytest.mark.photos)])
def material(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp(request.param)
    cache = folder / "cache"
    cache.mkdir()
    if request.param == "drawn":
        garden = request.getfixturevalue("garden")
        mixture = tuple(sorted(garden.rglob("*_00[0-3].jpg")))
        return Material("drawn", garden, save_random_weights(folder / "random.pth", seed=7), mixture, cache)
    photos = request.getfixturevalue("real_photos")
    weights = request.getfixturevalue("real_weights")
    names = ("native", "phone", "orientation")
    mixture = tuple(path for name in names for path in sorted((photos / name).rglob("*")) if path.is_file())
    return Material("real", photos / "five-flowers", weights, mixture, cache)


@pytest.fixture
def ready_home(home: Home, material: Material) -> Home:
    home.cache.rmdir()
    home.cache.symlink_to(material.cache)
    max_wrong = MAX_WRONG[material.kind]
    save(home.settings_file, Settings(weights_file=str(material.weights), device="cpu", max_wrong=max_wrong))
    return home


@pytest.fixture
def mixed(material: Material, tmp_path: Path) -> Path:
    folder = tmp_path / "mixed photos"
    folder.mkdir()
    for source in material.mixture:
        shutil.copy2(source, folder / f"{source.parent.name} {source.name}")
    return folder


@pytest.fixture
def window(ready_home: Home, qtbot: QtBot, qapp: QApplication) -> Iterator[MainWindow]:
    theme.apply(qapp)
    window = open_window(ready_home)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    with qtbot.waitExposed(window):
        window.show()
    with qtbot.waitSignal(window.ready, timeout=PATIENCE):
        window.start()
    yield window
    window.close()


def test_through_the_command_line(
    ready_home: Home, material: Material, mixed: Path, command: Command
) -> None:
    before, bytes_before = tree(mixed), contents(mixed)
    taught = command("teach", material.labelled, "--name", "my flowers").json
    assert taught["validation"]["accuracy"] > 0.75
    done = command("sort", mixed, "--max-wrong", MAX_WRONG[material.kind]).json
    assert done["model"] == "my flowers"
    assert done["found"] == done["moved"] + done["kept"] + len(done["skipped"])
    assert done["moved"] > done["found"] / 4
    assert contents(mixed) == bytes_before
    undone = command("undo").json
    assert (undone["restored"], undone["left"]) == (done["moved"], [])
    assert tree(mixed) == before


def test_through_the_window(window: MainWindow, material: Material, mixed: Path, qtbot: QtBot) -> None:
    before, bytes_before = tree(mixed), contents(mixed)
    teach(window, material.labelled, qtbot)
    sort(window, mixed, qtbot)
    corrected = correct_some(window, qtbot)
    receipt = move(window, qtbot)
    assert contents(mixed) == bytes_before
    assert sum(receipt.count(status) for status in Status) == len(before)
    filed = {outcome.photo.path: outcome for outcome in receipt.outcomes}
    for path in corrected["bluebell"]:
        assert filed[path].target == mixed / "bluebell" / path.name
        assert (mixed / "bluebell" / path.name).exists()
    for path in corrected["left"]:
        assert filed[path].status is Status.KEPT
        assert path.exists()
    relabel_a_filed_photo(window, mixed, qtbot)
    undo_everything(window, qtbot)
    assert tree(mixed) == before


def teach(window: MainWindow, labelled: Path, qtbot: QtBot) -> None:
    window.show_teaching()
    teaching = window.teaching
    assert teaching is not None
    teaching.setup.folder_chosen.emit(labelled)
    qtbot.waitUntil(teaching.setup.start_button.isEnabled, timeout=PATIENCE)
    with qtbot.waitSignal(teaching.taught, timeout=PATIENCE) as taught:
        qtbot.mouseClick(teaching.setup.start_button, Qt.MouseButton.LeftButton)
    assert taught.args[0].validation.accuracy > 0.75


def sort(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    welcome = window.sort_page.welcome
    window.open_folder(folder)
    qtbot.waitUntil(welcome.start_button.isEnabled, timeout=PATIENCE)
    with qtbot.waitSignal(window.session.classified, timeout=PATIENCE):
        qtbot.mouseClick(welcome.start_button, Qt.MouseButton.LeftButton)
    assert window.focusWidget() is window.sort_page.review.grid  # the keyboard is ready for the review


def correct_some(window: MainWindow, qtbot: QtBot) -> dict[str, list[Path]]:
    """File three photos under a species of our own by typing its name, and leave two."""
    view = window.sort_page.review
    review = window.session.review
    rows = [row for row in range(len(review.photos)) if review.place(row).standing is Standing.TO_FILE][:5]
    assert len(rows) == 5
    renamed, left = rows[:3], rows[3:]
    select(window, renamed)
    qtbot.keyClick(view.grid, "b")  # the name box opens with the letter
    qtbot.keyClicks(view.box.field, "luebell")
    qtbot.keyClick(view.box.field, Qt.Key.Key_Return)
    select(window, left)
    qtbot.keyClick(view.grid, Qt.Key.Key_Delete)
    view.undo()
    assert all(review.decision(row) is None for row in left)
    view.redo()
    return {
        "bluebell": [review.photos[row].photo.path for row in renamed],
        "left": [review.photos[row].photo.path for row in left],
    }


def select(window: MainWindow, rows: list[int]) -> None:
    view = window.sort_page.review
    selection = view.grid.selectionModel()
    selection.clear()
    for row in rows:
        selection.select(view.model.index_of(row), QItemSelectionModel.SelectionFlag.Select)
    selection.setCurrentIndex(view.model.index_of(rows[0]), QItemSelectionModel.SelectionFlag.NoUpdate)
    view.grid.setFocus()


def move(window: MainWindow, qtbot: QtBot) -> Receipt:
    page = window.sort_page
    with qtbot.waitSignal(window.session.planned, timeout=PATIENCE):
        qtbot.mouseClick(page.review.bottom.plan_button, Qt.MouseButton.LeftButton)
    assert page.plan is not None
    with qtbot.waitSignal(window.session.filed, timeout=PATIENCE) as filed:
        qtbot.mouseClick(page.plan.go, Qt.MouseButton.LeftButton)
    return filed.args[0]


def relabel_a_filed_photo(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    """In a folder that was sorted, a filed photo is shown under its species and moves when relabelled."""
    sort(window, folder, qtbot)
    review = window.session.review
    filed = [row for row in range(len(review.photos)) if review.place(row).standing is Standing.FILED]
    (row, *_) = [row for row in filed if review.photos[row].photo.filed_as == "bluebell"]
    path = review.photos[row].photo.path
    select(window, [row])
    window.sort_page.review.relabel("snowdrop")
    receipt = move(window, qtbot)
    (moved,) = [outcome for outcome in receipt.outcomes if outcome.photo.path == path]
    assert moved.target == folder / "snowdrop" / path.name
    assert moved.target.exists()


def undo_everything(window: MainWindow, qtbot: QtBot) -> None:
    """The receipt's button takes back the last batch, the history the one before."""
    page = window.sort_page
    assert page.receipt is not None
    page.receipt.undo_button.click()
    history = window.history
    assert history is not None
    with qtbot.waitSignal(history.undone, timeout=PATIENCE) as undone:
        pass
    assert undone.args[0].left == ()
    with qtbot.waitSignal(history.undone, timeout=PATIENCE) as undone:
        history.undo_batch(1)
    assert undone.args[0].left == ()
