"""The receipt: numbers that add up, reasons, and the way back (promises 7 and 21)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from support.plans import ROOT, plan_of, planned_move, receipt_of, stay
from support.recogniser import model_info
from support.tree_texts import shown

from flowersorter.jobs.correct import Corrected
from flowersorter.learning.compare import Comparison
from flowersorter.learning.evaluate import validate
from flowersorter.records import Code, Outcome, Photo, Reason, Receipt, Refused, Status, Transfer
from flowersorter.ui.receipt_view import ReceiptView


@pytest.fixture
def view(qtbot):
    made = ReceiptView()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def plan():
    return plan_of(
        planned_move("a.jpg", "rose"),
        planned_move("b.jpg", "rose"),
        planned_move("c.jpg", "tulip"),
        kept=(stay("d.jpg", Code.UNSURE), stay("e.jpg", Code.LEFT_BY_CHOICE)),
        skipped=(stay("f.jpg", Code.UNREADABLE),),
    )


def figures(view: ReceiptView) -> list[int]:
    return [int(figure.number.text()) for figure in view.figures]


def test_the_numbers_add_up(view, plan):
    """Promise 21: shown = moved + kept + skipped + failed."""
    view.show_receipt(receipt_of(plan, failed=(stay("g.jpg", Code.FILE_BUSY),)), Transfer.MOVE, ROOT)
    assert figures(view) == [3, 2, 1, 1, 7]
    assert sum(figures(view)[:4]) == figures(view)[4]


def test_every_photo_that_was_not_filed_is_listed_with_its_reason(view, plan):
    view.show_receipt(receipt_of(plan, failed=(stay("g.jpg", Code.FILE_BUSY),)), Transfer.MOVE, ROOT)
    listed = shown(view.rest)
    assert next(iter(listed)) == "Another program is using the file. Close it and try again."
    assert sorted(name for lines in listed.values() for name in lines[1:]) == [
        "d.jpg", "e.jpg", "f.jpg", "g.jpg",
    ]  # fmt: skip


def test_undo_names_the_batch(view, plan, qtbot):
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT)
    with qtbot.waitSignal(view.undo_requested) as asked:
        qtbot.mouseClick(view.undo_button, Qt.MouseButton.LeftButton)
    assert asked.args == [7]


def test_nothing_filed_offers_no_undo(view):
    view.show_receipt(receipt_of(plan_of(kept=(stay("d.jpg", Code.UNSURE),))), Transfer.MOVE, ROOT)
    assert view.undo_button.isHidden()


def test_the_folder_and_the_next_sorting_are_one_click_away(view, plan, qtbot):
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT)
    with qtbot.waitSignal(view.open_folder_requested) as opened:
        qtbot.mouseClick(view.open_button, Qt.MouseButton.LeftButton)
    assert opened.args == [ROOT]
    with qtbot.waitSignal(view.sort_another):
        qtbot.mouseClick(view.another_button, Qt.MouseButton.LeftButton)


def test_a_stopped_run_says_so(view, plan):
    view.show_receipt(receipt_of(plan, cancelled=True), Transfer.MOVE, ROOT)
    assert view.headline() == "You stopped. 3 photos were filed before that."


def test_copies_are_called_copies(view):
    copied = receipt_of(plan_of(planned_move("a.jpg", "rose"), transfer=Transfer.COPY))
    view.show_receipt(copied, Transfer.COPY, ROOT)
    assert view.headline() == "Done. 1 photo was copied into its folder."
    assert figures(view) == [1, 0, 0, 0, 1]


def test_what_the_other_disk_cannot_keep_is_said(view):
    """Promise 13: what a disk cannot keep is reported."""
    moved = Outcome(
        Photo(ROOT / "a.jpg", 1, 1), Status.MOVED, Path("/stick/rose/a.jpg"), "rose", losses=("times",)
    )
    view.show_receipt(Receipt(1, (moved,)), Transfer.MOVE, Path("/stick"))
    assert (
        view.message.words() == "The other disk cannot keep the dates of 1 photo. The pictures are complete."
    )


def test_a_history_that_was_lost_is_said_and_offers_no_undo(view, plan):
    """Promise 19."""
    aside = Path("/data/journal.damaged-1.sqlite")
    damaged = Reason(Code.STORE_DAMAGED, {"path": Path("/data/journal.sqlite"), "aside": aside})
    view.show_receipt(replace(receipt_of(plan), batch=None, unwritten=damaged), Transfer.MOVE, ROOT)
    assert view.headline() == "Done. 3 photos are in their folders."
    assert view.message.words() == (
        "FlowerSorter's own file “/data/journal.sqlite” was damaged. It was set aside as"
        " “/data/journal.damaged-1.sqlite”; your photos are not affected.\n"
        "The history begins anew: what was done before cannot be taken back here."
    )
    assert view.undo_button.isHidden()


def test_a_history_that_is_behind_is_said(view, plan):
    full = Reason(Code.DISK_FULL)
    view.show_receipt(replace(receipt_of(plan), unwritten=full), Transfer.MOVE, ROOT)
    assert view.message.words() == (
        "The disk is full. Free some space and try again.\n"
        "Your photos are not affected. FlowerSorter completes its history when it starts again."
    )
    assert not view.undo_button.isHidden()
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT)
    assert view.message.isHidden()


def corrected(*, taken: bool, unseen: tuple[str, ...] = ()) -> Corrected:
    info = model_info()
    comparison = Comparison(info, 40, (), (), -0.1, (-0.2, -0.05), taken)
    return Corrected(info, validate([], info.species), 3, unseen, comparison)


def test_corrections_are_offered_to_the_model_once(view, plan, qtbot):
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT)
    assert view.learn_button.isHidden()
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT, corrections=3)
    assert view.learn_button.text() == "Learn from your 3 corrections"
    with qtbot.waitSignal(view.learn_requested):
        view.learn_button.click()
    assert not view.learn_button.isEnabled()
    view.show_learned(corrected(taken=True))
    assert view.learn_button.isHidden()
    assert view.message.words() == "“my garden” has learned from 3 photos."


def test_corrections_that_the_cache_has_lost_are_said(view, plan):
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT, corrections=5)
    view.show_learned(corrected(taken=True, unseen=("ab", "cd")))
    assert view.message.words() == (
        "“my garden” has learned from 3 photos. "
        "2 others are no longer known here: sort their folders again first."
    )


def test_a_model_that_would_be_worse_is_not_taken_silently(view, plan):
    """Promise 20."""
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT, corrections=3)
    view.show_learned(corrected(taken=False))
    assert "the model before stays in use" in view.message.words()


def test_what_could_not_be_learned_can_be_tried_again(view, plan):
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT, corrections=1)
    view.learn_button.click()
    view.show_not_learned(Refused(Code.MODEL_CANNOT_LEARN, model="my garden"))
    assert "cannot learn from corrections" in view.message.words()
    assert view.learn_button.isEnabled()


def test_a_learning_that_ends_late_takes_nothing_from_the_next_receipt(view, plan):
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT, corrections=3)
    view.learn_button.click()
    view.show_receipt(receipt_of(plan), Transfer.MOVE, ROOT, corrections=2)
    view.show_learned(corrected(taken=True))
    assert not view.learn_button.isHidden()
    assert view.learn_button.text() == "Learn from your 2 corrections"
