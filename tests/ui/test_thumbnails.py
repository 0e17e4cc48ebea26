"""Thumbnails come off the GUI thread, the newest wish first."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QThread
from PySide6.QtGui import QImage

from flowersorter.records import Refused
from flowersorter.ui.tasks import end_tasks
from flowersorter.ui.thumbnails import Previews, Thumbnails, _Queue


def test_a_missing_thumbnail_is_fetched_and_then_there(thumbnails, qtbot):
    path = Path("rose.jpg")
    with qtbot.waitSignal(thumbnails.ready) as ready:
        assert thumbnails.pixmap(path, None) is None
    assert ready.args == [path]
    assert thumbnails.pixmap(path, None).width() == 32


def test_what_cannot_be_read_is_asked_for_once(thumbnails, thumbnailer, qtbot):
    path = Path("broken-1.jpg")
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.pixmap(path, None)
    assert thumbnails.failed(path)
    assert thumbnails.pixmap(path, None) is None
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.pixmap(Path("rose.jpg"), None)
    assert thumbnailer.asked.count(path) == 1


def test_it_is_never_fetched_on_the_gui_thread(thumbnails, thumbnailer, qtbot, monkeypatch):
    gui, threads = QThread.currentThread(), []
    real = thumbnailer.thumbnail

    def noting(path, digest):
        threads.append(QThread.currentThread())
        return real(path, digest)

    monkeypatch.setattr(thumbnailer, "thumbnail", noting)
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.pixmap(Path("rose.jpg"), None)
    assert threads
    assert gui not in threads


def test_the_newest_wish_comes_first():
    queue = _Queue()
    for name in ("a", "b", "c", "a"):
        queue.put(Path(name), None)
    assert [queue.take()[0].name for _ in range(3)] == ["a", "c", "b"]


def test_wishes_that_were_scrolled_past_are_dropped():
    queue = _Queue()
    for number in range(1000):
        queue.put(Path(str(number)), None)
    taken = []
    while queue._waiting:
        taken.append(queue.take()[0].name)
    assert taken[0] == "999"
    assert len(taken) == 400


def test_closing_ends_the_threads_even_while_one_decodes(qapp):
    inside, ended = Event(), Event()

    class Slow:
        def thumbnail(self, path, digest):
            inside.set()
            assert ended.wait(20)
            raise RuntimeError("the child process has gone")

        def close(self):
            ended.set()

    thumbnails = Thumbnails(Slow())
    thumbnails.pixmap(Path("rose.jpg"), None)
    assert inside.wait(20)
    thumbnails.close()
    assert all(fetcher.isFinished() for fetcher in thumbnails._fetchers)


@pytest.fixture
def previews(thumbnailer, qapp):
    made = Previews(thumbnailer)
    yield made
    made.close()
    end_tasks(made)


def test_a_preview_is_an_image(previews, qtbot):
    with qtbot.waitSignal(previews.ready) as ready:
        previews.fetch(Path("rose.jpg"), 800)
    path, image = ready.args
    assert path == Path("rose.jpg")
    assert isinstance(image, QImage)
    assert (image.width(), image.height()) == (120, 90)


def test_a_preview_that_fails_says_why(previews, qtbot):
    with qtbot.waitSignal(previews.ready) as ready:
        previews.fetch(Path("broken-1.jpg"), 800)
    assert isinstance(ready.args[1], Refused)


def test_only_the_newest_preview_waits(previews, thumbnailer, qtbot, monkeypatch):
    asked, going_on = [], Event()
    real = thumbnailer.preview

    def slow(path, side):
        asked.append(path.name)
        assert going_on.wait(20)
        return real(path, side)

    monkeypatch.setattr(thumbnailer, "preview", slow)
    for name in ("a", "b", "c"):
        previews.fetch(Path(name), 800)
    with qtbot.waitSignal(previews.ready, check_params_cb=lambda path, _image: path.name == "c"):
        going_on.set()
    assert asked == ["a", "c"]
