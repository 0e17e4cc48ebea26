"""Several pages at once: who has the keyboard, who may change photos, and what is dropped on them."""

from __future__ import annotations

from threading import Event

import pytest
from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMessageBox, QWidget

from flowersorter.jobs import decide, promise, sort
from flowersorter.jobs.history import history
from flowersorter.jobs.teach import TeachRequest
from flowersorter.learning.calibrate import Threshold
from flowersorter.progress import Progress, Stage
from flowersorter.records import Code, Refused, Status
from flowersorter.ui import history_view, teaching_view
from flowersorter.ui.sort_session import Busy

PATIENCE = 20_000  # ms
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def slow_plans(monkeypatch):
    """Plans are made once somebody says so."""
    go_on, plan_moves = Event(), sort.plan_moves

    def wait_and_plan(*arguments):
        assert go_on.wait(20)
        return plan_moves(*arguments)

    monkeypatch.setattr(sort, "plan_moves", wait_and_plan)
    yield go_on
    go_on.set()


def file_now(window, qtbot) -> None:
    with qtbot.waitSignal(window.session.planned, timeout=PATIENCE):
        window.sort_page._ask_for_plan()
    with qtbot.waitSignal(window.session.filed, timeout=PATIENCE):
        window.sort_page.plan.go.click()


# drops


@pytest.mark.parametrize("page", ["window", "teaching"])
def test_a_folder_dropped_as_a_move_is_taken_as_a_copy(window, qtbot, folder, page):
    """Promise 1: whoever has taken a move leaves it to the file manager to delete what was dragged."""
    window.show_teaching()
    target = window if page == "window" else window.teaching.setup
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    offered = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction | Qt.DropAction.LinkAction
    shift = Qt.KeyboardModifier.ShiftModifier
    enter = QDragEnterEvent(QPoint(9, 9), offered, data, LEFT, shift)
    drop = QDropEvent(QPointF(9, 9), offered, data, LEFT, shift)
    assert drop.proposedAction() is Qt.DropAction.MoveAction
    target.dragEnterEvent(enter)
    target.dropEvent(drop)
    for event in (enter, drop):
        assert event.isAccepted()
        assert event.dropAction() is Qt.DropAction.CopyAction
    qtbot.waitUntil(lambda: window.session.busy is Busy.NOTHING and not window.teaching.busy)


# the plan


def test_until_the_other_plan_is_there_nothing_can_be_filed(reviewed, qtbot, folder, slow_plans):
    """Copying was chosen: the plan of moving, which was shown before, is not it any more."""
    page, session = reviewed.sort_page, reviewed.session
    slow_plans.set()
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        page._ask_for_plan()
    slow_plans.clear()
    page.plan.copy_choice.click()
    assert session.plan is None
    assert not page.plan.go.isEnabled()
    slow_plans.set()
    qtbot.waitUntil(page.plan.go.isEnabled, timeout=PATIENCE)
    with qtbot.waitSignal(session.filed, timeout=PATIENCE):
        page.plan.go.click()
    assert (folder / "rose-99-1.jpg").exists()


def test_a_double_click_files_once_and_says_nothing(reviewed, qtbot):
    page, session = reviewed.sort_page, reviewed.session
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        page._ask_for_plan()
    with qtbot.waitSignal(session.filed, timeout=PATIENCE):
        page.plan.go.click()
        page.plan.go.click()
    assert not reviewed.message.words()


def test_what_is_said_while_it_plans_is_in_the_plan(reviewed, qtbot, folder, slow_plans):
    """Promise 8: the plan that is shown is what happens, and what was said."""
    page, session = reviewed.sort_page, reviewed.session
    page._ask_for_plan()
    row = next(row for row, one in enumerate(session.review.photos) if one.photo.path.name == "rose-99-1.jpg")
    session.decide([row], sort.Decision(None), "leave")
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        slow_plans.set()
    assert session.plan is not None
    assert "rose-99-1.jpg" not in {move.photo.path.name for move in session.plan.plan.moves}


def test_another_promise_while_it_plans_is_in_the_plan(reviewed, qtbot, recogniser, slow_plans):
    recogniser.thresholds[50.0] = Threshold(0.5)
    page, session = reviewed.sort_page, reviewed.session
    page._ask_for_plan()
    with qtbot.waitSignal(session.promised, timeout=PATIENCE):
        session.promise(50.0)
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        slow_plans.set()
    assert session.plan is not None
    assert "rose-55-2.jpg" in {move.photo.path.name for move in session.plan.plan.moves}


def test_no_plan_is_shown_while_another_promise_is_worked_out(
    reviewed, qtbot, recogniser, slow_plans, monkeypatch
):
    """Its photos are not the ones that would be filed, so its button could do nothing."""
    recogniser.thresholds[50.0] = Threshold(0.5)
    promise_now = Event()

    def slow_threshold(_info, max_wrong):
        assert promise_now.wait(20)
        return recogniser.threshold(max_wrong)

    monkeypatch.setattr(promise, "threshold_of", slow_threshold)
    page, session = reviewed.sort_page, reviewed.session
    page._ask_for_plan()
    session.promise(50.0)
    slow_plans.set()
    qtbot.waitUntil(lambda: session.busy is Busy.NOTHING, timeout=PATIENCE)
    assert page.stack.currentWidget() is page.review
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        promise_now.set()
    assert page.stack.currentWidget() is page.plan
    with qtbot.waitSignal(session.filed, timeout=PATIENCE) as filed:
        page.plan.go.click()
    assert filed.args[0].count(Status.MOVED) == 5


# what fails


@pytest.fixture
def full_disk(monkeypatch):
    """Decisions cannot be kept, which is known once somebody says so."""
    go_on = Event()

    def fail(_home, _decisions):
        assert go_on.wait(20)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(decide, "remember", fail)
    yield go_on
    go_on.set()


def test_a_decision_that_cannot_be_kept_leaves_the_filing_in_view(reviewed, qtbot, monkeypatch, full_disk):
    page, session = reviewed.sort_page, reviewed.session
    file_on, real = Event(), sort.carry_out

    def slow(*arguments):
        assert file_on.wait(20)
        return real(*arguments)

    monkeypatch.setattr(sort, "carry_out", slow)
    page.review.relabel("tulip")
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        page._ask_for_plan()
    page.plan.go.click()
    with qtbot.waitSignal(session.not_saved, timeout=PATIENCE):
        full_disk.set()
    assert page.stack.currentWidget() is page.plan
    assert page.message.words() == "The disk is full. Free some space and try again."
    with qtbot.waitSignal(session.filed, timeout=PATIENCE):
        file_on.set()
    assert page.stack.currentWidget() is page.receipt


def test_after_a_filing_that_failed_the_folder_is_shown_as_it_is(reviewed, qtbot, monkeypatch, folder):
    """Some photos have moved: the review would still offer to file them."""
    page, session = reviewed.sort_page, reviewed.session
    real = sort.carry_out

    def fail_at_the_end(*arguments):
        real(*arguments)
        raise OSError(5, "Input/output error", "/x/journal.sqlite")

    monkeypatch.setattr(sort, "carry_out", fail_at_the_end)
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        page._ask_for_plan()
    with qtbot.waitSignal(session.found, timeout=PATIENCE) as found:
        page.plan.go.click()
    assert page.stack.currentWidget() is page.welcome
    assert page.message.words() == "“/x/journal.sqlite” cannot be used: Input/output error."
    assert {photo.path.name for photo in found.args[0].scan.photos if photo.filed_as is None} == {
        "daisy-40-3.jpg", "rose-55-2.jpg", "broken-1.jpg",
    }  # fmt: skip


def test_after_a_filing_that_was_refused_the_review_goes_on(reviewed, qtbot, monkeypatch, folder):
    page, session = reviewed.sort_page, reviewed.session

    def refuse(*_arguments):
        raise Refused(Code.FOLDER_IN_USE, path=folder)

    monkeypatch.setattr(sort, "carry_out", refuse)
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        page._ask_for_plan()
    with qtbot.waitSignal(session.not_filed, timeout=PATIENCE):
        page.plan.go.click()
    assert page.stack.currentWidget() is page.review
    assert page.message.words().startswith("Another FlowerSorter is sorting into")
    assert page.review.bottom.plan_button.isEnabled()


def test_a_setting_changed_meanwhile_takes_no_photo_from_the_review(reviewed, qtbot, store):
    session = reviewed.session
    found, request = session.found_now, session.request
    store.change(recursive=True)
    assert session.busy is Busy.NOTHING
    assert (session.found_now, session.request) == (found, request)


# the keyboard


def test_what_ends_behind_leaves_the_keyboard_where_it_is(reviewed, qtbot):
    with qtbot.waitSignal(reviewed.session.planned, timeout=PATIENCE):
        reviewed.sort_page._ask_for_plan()
    reviewed.show_teaching()
    name = reviewed.teaching.setup.choices.name
    reviewed.teaching.setup._show_parts(chosen=True, found=True)
    name.setFocus()
    assert reviewed.focusWidget() is name
    with qtbot.waitSignal(reviewed.session.filed, timeout=PATIENCE):
        reviewed.session.carry_out()
    assert reviewed.sort_page.stack.currentWidget() is reviewed.sort_page.receipt
    assert reviewed.focusWidget() is name


def test_models_that_are_listed_anew_leave_the_keyboard_where_it_is(reviewed, qtbot):
    """Else Enter sorts the folder again, and what was said is off the undo stack."""
    grid = reviewed.sort_page.review.grid
    grid.setFocus()
    with qtbot.waitSignal(reviewed.sort_page.welcome.models.changed, timeout=PATIENCE):
        reviewed.sort_page.welcome.models.refresh()
    assert reviewed.focusWidget() is grid


@pytest.mark.parametrize("page", ["history", "models"])
def test_a_list_has_the_keyboard_while_it_is_being_read(window, page):
    getattr(window, f"show_{page}")()
    view = getattr(window, page)
    assert view.table.isVisible()
    assert window.focusWidget() is view.table


def test_back_on_a_page_its_keys_go_on(reviewed):
    reviewed.show_help()
    reviewed.show_sort()
    assert reviewed.sort_page.review.isAncestorOf(reviewed.focusWidget())


class Windows(QObject):
    """Notes which widgets are shown as windows of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def eventFilter(self, watched, event):  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.append(type(watched).__name__)
        return False


def test_no_page_is_a_window_of_its_own(window, qtbot, qapp):
    """For a moment it would be one, and take the keyboard from the window."""
    windows = Windows()
    qapp.installEventFilter(windows)
    window.show_history()
    window.show_models()
    window.show_teaching()
    window.teaching._open_lesson()
    qapp.removeEventFilter(windows)
    assert windows.shown == []


# one change of photos at a time


def test_closing_while_photos_are_put_back_asks_first(reviewed, qtbot, monkeypatch):
    file_now(reviewed, qtbot)
    begun, go_on, undo = Event(), Event(), history_view.undo

    def slowly(home, batch, report):
        def wait(event):
            report(event)
            begun.set()
            assert go_on.wait(20)

        return undo(home, batch, wait)

    monkeypatch.setattr(history_view, "undo", slowly)
    reviewed.sort_page.receipt.undo_button.click()
    qtbot.waitUntil(begun.is_set, timeout=PATIENCE)
    reviewed.close()
    assert reviewed.isVisible()
    (question,) = reviewed.findChildren(QMessageBox)
    assert question.text() == "Photos are being moved. Stop and close?"
    question.reject()
    reviewed.stop_and_close()
    go_on.set()
    qtbot.waitUntil(lambda: not reviewed.isVisible(), timeout=PATIENCE)
    (batch,) = history(reviewed._home)
    assert 0 < batch.undone < batch.photos


@pytest.fixture
def teaching(window, folder, qtbot, monkeypatch):
    """A lesson that never ends by itself; the Sort page is shown."""

    def never_end(_home, _settings, _request, report):
        while True:
            report(Progress(Stage.TRAINING, 1, 10))

    monkeypatch.setattr(teaching_view, "teach", never_end)
    window.show_teaching()
    window.teaching.start(TeachRequest(folder, "garden"))
    window.show_sort()
    return window


def test_closing_while_it_learns_asks_first(teaching, qtbot):
    """A lesson may have run for an hour."""
    teaching.close()
    assert teaching.isVisible()
    assert teaching.pages.currentWidget() is teaching.teaching
    (question,) = teaching.findChildren(QMessageBox)
    assert question.text() == "A model is being taught. Stop and close?"
    assert teaching.teaching.busy
    question.buttons()[0].click()
    assert not teaching.isVisible()


def test_a_signal_closes_without_a_question_while_it_learns(teaching):
    teaching.stop_and_close()
    assert not teaching.isVisible()


def test_a_folder_that_is_looked_into_unlocks_nothing(window, qtbot, folder):
    window.show_history()
    window.show_teaching()
    cleaning = window.teaching._open_cleaning()
    cleaning._set_filing(filing=True)
    with qtbot.waitSignal(window.session.found, timeout=PATIENCE):
        window.open_folder(folder)
    assert window.history._locked
    assert not window.sort_page.isEnabled()
    cleaning._set_filing(filing=False)
    assert not window.history._locked
    assert window.sort_page.isEnabled()
