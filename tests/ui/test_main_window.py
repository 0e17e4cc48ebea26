"""The whole window: navigation, drops, the flow, starting and closing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from PySide6.QtCore import QMimeData, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QMessageBox
from support.recogniser import make_photos

from flowersorter.jobs import history, sort
from flowersorter.records import Code, Left, Reason, Recovered
from flowersorter.ui.main_window import FRAME, MainWindow, smallest_on
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.sort_session import Busy
from flowersorter.ui.tasks import TaskRunner

CONTROL = Qt.KeyboardModifier.ControlModifier


def tree(folder) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def drop(window, path) -> None:
    drop_url(window, QUrl.fromLocalFile(str(path)))


def drop_url(window, url) -> None:
    data = QMimeData()
    data.setUrls([url])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, left, none))


def test_the_keyboard_can_choose_a_folder_at_once(window):
    assert window.focusWidget() is window.sort_page.welcome.choose_button


def test_sort_move_and_take_it_all_back(window, qtbot, folder):
    """Promise 7: names, bytes and dates are as they were; promise 8: nothing moves before the plan."""
    before = tree(folder)
    page, session = window.sort_page, window.session
    with qtbot.waitSignal(session.found):
        window.open_folder(folder)
    page.welcome.models.show_models([])  # the recogniser of this test is no model in the library
    page.welcome.models._models = None
    page.welcome._update_start()
    with qtbot.waitSignal(session.classified):
        qtbot.mouseClick(page.welcome.start_button, Qt.MouseButton.LeftButton)
    page.review.relabel("tulip")
    with qtbot.waitSignal(session.planned):
        qtbot.mouseClick(page.review.bottom.plan_button, Qt.MouseButton.LeftButton)
    assert tree(folder) == before
    assert page.stack.currentWidget() is page.plan
    with qtbot.waitSignal(session.filed):
        page.plan.carry_out_requested.emit()
    assert (folder / "tulip" / "daisy-40-3.jpg").exists()
    assert page.stack.currentWidget() is page.receipt
    batch = history.history(window._home)[0].id
    page.undo_requested.emit(batch)
    with qtbot.waitSignal(window.history.undone):
        pass
    assert tree(folder) == before
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == []


@pytest.mark.parametrize(
    ("key", "page"),
    [
        (Qt.Key.Key_2, "teaching"),
        (Qt.Key.Key_3, "history"),
        (Qt.Key.Key_4, "models"),
        (Qt.Key.Key_1, "sort_page"),
    ],
)
def test_pages_by_keyboard(window, qtbot, key, page):
    window.show_help()
    qtbot.keyClick(window, key, CONTROL)
    assert window.pages.currentWidget() is getattr(window, page)


def test_help_by_keyboard(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert window.pages.currentWidget() is window.help


@pytest.mark.parametrize("screen", [(1024, 600), (1093, 574), (1280, 800)])
def test_it_fits_a_small_screen(window, screen):
    """The second is one of 1366x768 whose letters are enlarged by a quarter, less the taskbar."""
    smallest = smallest_on(QSize(*screen))
    assert smallest.height() + FRAME.height() <= screen[1]
    assert window.minimumSizeHint().width() <= smallest.width()
    assert window.minimumSizeHint().height() <= smallest.height()


def test_a_folder_dropped_anywhere_is_opened(window, qtbot, folder):
    window.show_help()
    with qtbot.waitSignal(window.session.found):
        drop(window, folder)
    assert window.pages.currentWidget() is window.sort_page
    assert window.sort_page.welcome.folder == folder


def test_a_photo_that_is_dropped_opens_its_folder(window, qtbot, folder):
    with qtbot.waitSignal(window.session.found):
        drop(window, folder / "rose-99-1.jpg")
    assert window.sort_page.welcome.folder == folder


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
def test_a_dropped_folder_whose_name_is_not_utf8_is_opened_itself(window, qtbot, tmp_path):
    """Promise 12: names need not be UTF-8; its parent may be the whole home folder."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/parent/caf\xe9 #1"))
    make_photos(folder, "rose-99-1.jpg")
    with qtbot.waitSignal(window.session.found) as found:
        drop_url(window, QUrl(f"file://{quote(os.fsencode(folder))}"))
    assert window.sort_page.welcome.folder == folder
    assert len(found.args[0].scan.photos) == 1


def test_of_a_dropped_folder_that_is_gone_the_parent_is_not_opened(window, qtbot, tmp_path):
    with qtbot.waitSignal(window.session.failed) as failed:
        drop(window, tmp_path / "gone")
    assert window.sort_page.welcome.folder == tmp_path / "gone"
    assert failed.args[0].reason.code is Code.NOT_A_FOLDER


def test_a_drop_that_names_no_folder_opens_none(window):
    drop_url(window, QUrl("file://"))
    assert window.sort_page.welcome.folder is None


def test_a_folder_chosen_from_any_step_is_shown(window, qtbot, folder, tmp_path):
    (tmp_path / "other").mkdir()
    make_photos(tmp_path / "other", "rose-99-1.jpg")
    page = window.sort_page
    with qtbot.waitSignal(window.session.found):
        window.open_folder(folder)
    with qtbot.waitSignal(window.session.classified):
        window.session.classify(window.session.request)
    page._go(page.review)
    with qtbot.waitSignal(window.session.found):
        page.welcome.folder_chosen.emit(tmp_path / "other")
    assert page.stack.currentWidget() is page.welcome
    assert page.welcome.folder == tmp_path / "other"


def test_starting_over_while_it_classifies_asks_first(window, qtbot, tmp_path, recogniser):
    make_photos(tmp_path / "many", *(f"rose-90-{number}.jpg" for number in range(100)))
    recogniser.pause_after = 2 * sort.CHUNK
    page = window.sort_page
    with qtbot.waitSignal(window.session.found):
        window.open_folder(tmp_path / "many")
    with qtbot.waitSignal(window.session.photos_added):
        page._start(window.session.request)
    page.header.again.click()
    question = page.findChild(QMessageBox)
    recogniser.go_on.set()
    with qtbot.waitSignal(window.session.found):
        question.buttons()[0].click()
    assert page.stack.currentWidget() is page.welcome


def test_an_interrupted_run_is_told(window, qtbot, monkeypatch, tmp_path):
    left = Left(tmp_path / "rose.jpg", Reason(Code.EDITED_SINCE))
    monkeypatch.setattr(history, "recover", lambda _home: Recovered(312, 1, (left,)))
    window.start()
    qtbot.waitUntil(lambda: bool(window.message.words()))
    assert window.message.words().startswith("The last run was interrupted: 312 photos in place, 1 put back.")
    assert "edited after it was moved" in window.message.words()


def test_many_photos_that_recovery_left_are_listed(window, qtbot, monkeypatch, tmp_path):
    """A line of the message for each of 300 would be higher than the screen."""
    left = tuple(Left(tmp_path / f"{number}.jpg", Reason(Code.VANISHED)) for number in range(300))
    monkeypatch.setattr(history, "recover", lambda _home: Recovered(12, 0, left))
    window.start()
    qtbot.waitUntil(lambda: bool(window.message.words()))
    assert window.message.words().count("\n") == 0
    assert "300 were left as they are." in window.message.words()
    window.message._action.click()
    assert window.pages.currentWidget() is window.history
    assert window.history.left.isVisibleTo(window.history)
    assert window.history.left.model().rowCount(window.history.left.model().index(0, 0)) == 300


def test_a_clean_start_says_nothing(window, qtbot):
    with qtbot.waitSignal(window.ready, timeout=30_000):
        window.start()
    qtbot.waitUntil(
        lambda: all(task.isFinished() for task in window.findChildren(TaskRunner)), timeout=60_000
    )
    assert window.message.words() == ""


def test_its_place_on_the_screen_is_remembered(qtbot, home, store, thumbnailer, window):
    window.showMaximized()
    qtbot.waitUntil(window.isMaximized)
    window.close()
    again = MainWindow(home, SettingsStore(home.settings_file, store.values), thumbnailer)
    maximised = again.isMaximized()
    again.close()
    assert maximised


def test_closing_while_it_classifies_ends_every_thread(window, qtbot, tmp_path, recogniser):
    make_photos(tmp_path / "many", *(f"rose-90-{number}.jpg" for number in range(100)))
    recogniser.pause_after = 2 * sort.CHUNK
    with qtbot.waitSignal(window.session.found):
        window.open_folder(tmp_path / "many")
    with qtbot.waitSignal(window.session.photos_added):
        window.session.classify(window.session.request)
    tasks = window.findChildren(TaskRunner)
    assert any(task.isRunning() for task in tasks)
    recogniser.go_on.set()
    window.close()
    assert not any(task.isRunning() for task in tasks)


def test_the_history_is_locked_while_photos_are_filed(window, qtbot):
    window.show_history()
    window.session._set_busy(Busy.FILING)
    assert window.history._locked
    window.session._set_busy(Busy.NOTHING)
    assert not window.history._locked


START = """
import sys
from flowersorter import app
from flowersorter.paths import user_home
home = user_home()
home.make()
application = app.make_application()
window = app.open_window(home)
window.show()
application.processEvents()
print([name for name in ("torch", "torchvision", "numpy", "PIL", "pyqtgraph") if name in sys.modules])
window.close()
"""


def test_the_window_is_up_before_anything_heavy_is_loaded(home):
    """Torch is loaded in a worker, so that the window is there at once."""
    result = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=120)
    assert result.stdout.strip() == "[]", result.stderr
