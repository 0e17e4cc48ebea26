"""The history page: every batch, and the way back that says what it will do (promises 7 and 21)."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from PySide6.QtWidgets import QMessageBox
from support.tree_texts import shown

from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Batch, Code, Left, Reason, Refused, Transfer, Undone
from flowersorter.ui import history_view
from flowersorter.ui.history_view import HistoryView
from flowersorter.ui.tasks import TaskRunner, end_tasks
from flowersorter.ui.widgets import EmptyState

ROOT = Path("/garden/summer")


def batch(number: int, *, photos: int = 3, undone: int = 0, transfer: Transfer = Transfer.MOVE) -> Batch:
    return Batch(
        number, 1.79e9 + number, transfer, ROOT, ROOT, photos, undone, {"rose": photos - 1, "tulip": 1}
    )


class Journal:
    """A history in memory, with the interface of `jobs.history`."""

    def __init__(self, *batches: Batch) -> None:
        self.batches = list(batches)
        self.answer: Undone | Refused = Undone(0, 3, ())
        self.calls: list[tuple[str, int | None]] = []

    def history(self, home: object) -> list[Batch]:
        return self.batches

    def undo(self, home: object, number: int | None, report: Report) -> Undone:
        return self._change("undo", number, report)

    def redo(self, home: object, number: int, report: Report) -> Undone:
        return self._change("redo", number, report)

    def _change(self, name: str, number: int | None, report: Report) -> Undone:
        report(Progress(Stage.UNDOING, 0, 3))
        self.calls.append((name, number))
        if isinstance(self.answer, Refused):
            raise self.answer
        self.batches = [batch(one.id, undone=3 if name == "undo" else 0) for one in self.batches]
        return self.answer


@pytest.fixture
def journal(monkeypatch):
    made = Journal(batch(2), batch(1, undone=3))
    for name in ("history", "undo", "redo"):
        monkeypatch.setattr(history_view, name, getattr(made, name))
    return made


@pytest.fixture
def view(qtbot, home, journal):
    made = HistoryView(home)
    qtbot.addWidget(made, before_close_func=end_tasks)
    refresh(qtbot, made)
    return made


def refresh(qtbot, view: HistoryView) -> None:
    with qtbot.waitSignal(view.refreshed):
        view.refresh()


def answer(qtbot, view: HistoryView, role: QMessageBox.ButtonRole) -> tuple[str, str]:
    """Press a button of the question that is open; gives its words."""
    box = view.findChild(QMessageBox)
    words = box.text(), box.informativeText()
    for each in box.buttons():
        if box.buttonRole(each) == role:
            each.click()
    return words


def change(qtbot, view: HistoryView, button) -> tuple[str, str]:
    button.click()
    with qtbot.waitSignal(view.refreshed):
        return answer(qtbot, view, QMessageBox.ButtonRole.AcceptRole)


def test_a_reading_that_is_slow_does_not_come_after_a_newer_one(qtbot, qapp, home, journal, monkeypatch):
    """What was undone meanwhile would be offered for undoing again."""
    begun, go_on, readings = Event(), Event(), []

    def read(_home: object) -> list[Batch]:
        readings.append(None)
        if len(readings) == 1:
            begun.set()
            assert go_on.wait(20)
            return [batch(1)]
        return [batch(1, undone=3)]

    monkeypatch.setattr(history_view, "history", read)
    view = HistoryView(home)
    qtbot.addWidget(view, before_close_func=end_tasks)
    view.refresh()
    qtbot.waitUntil(begun.is_set)
    view.refresh()
    first, *beside = view.findChildren(TaskRunner)
    for task in beside:  # none; else they would have answered by now
        task.wait()
    qapp.processEvents()
    go_on.set()
    first.wait()
    qapp.processEvents()
    qtbot.waitUntil(lambda: view.table.selected() is not None and view.table.selected().undone == 3)
    assert not view.undo_button.isEnabled()


def test_batches_are_listed_with_their_state(view):
    table = view.table
    cells = [[table.item(row, column).text() for column in range(1, 5)] for row in range(table.rowCount())]
    assert cells == [
        ["3 photos moved", "/garden/summer", "rose (2), tulip (1)", "in place"],
        ["3 photos moved", "/garden/summer", "rose (2), tulip (1)", "undone"],
    ]


def test_an_empty_history_says_so(qtbot, home, journal):
    journal.batches = []
    view = HistoryView(home)
    qtbot.addWidget(view, before_close_func=end_tasks)
    refresh(qtbot, view)
    assert view.findChild(EmptyState).isVisibleTo(view)
    assert not view.undo_button.isEnabled()


@pytest.mark.parametrize("before", [0, 2])
def test_a_history_that_cannot_be_read_claims_nothing(qtbot, home, journal, monkeypatch, before):
    """Neither that nothing was filed, nor what was read earlier."""
    journal.batches = journal.batches[:before]
    view = HistoryView(home)
    qtbot.addWidget(view, before_close_func=end_tasks)
    refresh(qtbot, view)

    def refuse(_home: object) -> list[Batch]:
        raise Refused(Code.STORE_TOO_NEW, path=Path("/data/journal.sqlite"))

    monkeypatch.setattr(history_view, "history", refuse)
    view.refresh()
    qtbot.waitUntil(lambda: view.message.isVisibleTo(view))
    assert not view.findChild(EmptyState).isVisibleTo(view)
    assert view.table.rowCount() == 0
    assert not view.undo_button.isEnabled()


def test_undo_says_first_what_will_happen(view, qtbot, journal):
    view.undo_button.click()
    question, explanation = answer(qtbot, view, QMessageBox.ButtonRole.RejectRole)
    assert question == "Put 3 photos back where they were?"
    assert "Photos that you changed, renamed or moved since then stay, and are listed." in explanation
    assert journal.calls == [], "nothing happens without the answer"


def test_undo_puts_the_chosen_batch_back(view, qtbot, journal):
    with qtbot.waitSignal(view.undone) as undone:
        change(qtbot, view, view.undo_button)
    assert journal.calls == [("undo", 2)]
    assert undone.args == [journal.answer]
    assert view.message.words() == "3 photos are back where they were."
    assert view.table.item(0, 4).text() == "undone"


def test_undoing_copies_speaks_of_the_trash(view, qtbot, journal):
    journal.batches = [batch(3, transfer=Transfer.COPY)]
    refresh(qtbot, view)
    view.undo_button.click()
    question, explanation = answer(qtbot, view, QMessageBox.ButtonRole.RejectRole)
    assert question == "Put 3 copies into the trash?"
    assert explanation.startswith("The originals are not touched.")


def test_what_was_left_is_listed_with_its_reason(view, qtbot, journal):
    """Promise 7: edited, renamed and occupied files are left and listed."""
    journal.answer = Undone(2, 2, (Left(ROOT / "rose" / "a.jpg", Reason(Code.EDITED_SINCE)),))
    change(qtbot, view, view.undo_button)
    assert view.message.words() == "2 photos are back where they were. 1 was left as it is."
    assert shown(view.left) == {"It was edited after it was moved.": ["1", "a.jpg"]}
    assert not view.left.isHidden()


def test_what_was_undone_can_be_done_again(view, qtbot, journal):
    assert not view.redo_button.isEnabled()
    view.table.selectRow(1)
    assert not view.undo_button.isEnabled()
    question, _ = change(qtbot, view, view.redo_button)
    assert question == "File 3 photos again?"
    assert journal.calls == [("redo", 1)]
    assert view.message.words() == "3 photos are in their folders again."


def test_a_refusal_is_one_plain_sentence(view, qtbot, journal):
    journal.answer = Refused(Code.DRIVE_MISSING, volume="Stick")
    change(qtbot, view, view.undo_button)
    assert view.message.words() == "Connect the drive “Stick” and undo again."


def test_a_stopped_undo_says_so(view, qtbot, journal):
    """Promise 16: cancel stops between photos."""
    journal.answer = Undone(2, 1, (), cancelled=True)
    change(qtbot, view, view.undo_button)
    assert view.message.words() == "You stopped. 1 photo is back where it was."


def test_a_history_that_was_lost_meanwhile_is_said(view, qtbot, journal):
    """Promise 19."""
    journal.answer = Undone(2, 3, (), unwritten=Reason(Code.STORE_DAMAGED, {"path": "a", "aside": "b"}))
    change(qtbot, view, view.undo_button)
    assert view.message.words().splitlines() == [
        "3 photos are back where they were.",
        "FlowerSorter's own file “a” was damaged. It was set aside as “b”; your photos are not affected.",
        "The history begins anew: what was done before cannot be taken back here.",
    ]


def test_one_change_of_photos_at_a_time(view, qtbot, journal):
    view.set_locked(True)
    assert not view.undo_button.isEnabled()
    view.undo_batch(2)
    assert journal.calls == []
    assert view.message.words() == "Photos are being filed just now. Wait until that is done."
    view.set_locked(False)
    assert view.undo_button.isEnabled()


def test_it_tells_others_that_it_is_busy(view, qtbot, journal):
    with qtbot.waitSignals(
        [view.busy_changed, view.busy_changed], check_params_cbs=[bool, lambda busy: not busy]
    ):
        view.undo_batch(2)
        assert view.focusWidget() is view.progress.cancel_button, "the button that was pressed is shut"
    with qtbot.waitSignal(view.refreshed):
        view.refresh()
