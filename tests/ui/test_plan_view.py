"""The plan view: exactly what will happen, before anything does (promises 8, 21 and 23)."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from support.plans import ROOT, plan_of, planned_move, stay
from support.tree_texts import shown

from flowersorter.jobs.sort import Planned
from flowersorter.progress import Progress, Stage
from flowersorter.records import Code, Plan, Reason, Transfer
from flowersorter.sorting.preflight import Concern
from flowersorter.ui.main_window import SMALLEST
from flowersorter.ui.plan_view import PlanView


@pytest.fixture
def view(qtbot):
    made = PlanView()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def plan():
    return plan_of(
        planned_move("a.jpg", "rose", companions=("a.xmp",)),
        planned_move("b.jpg", "rose", target="b (2).jpg"),
        planned_move("c.jpg", "tulip"),
        kept=(stay("d.jpg", Code.UNSURE), stay("e.jpg", Code.UNSURE)),
        skipped=(stay("f.jpg", Code.UNREADABLE),),
        new_folders=(ROOT / "tulip",),
    )


def show(view: PlanView, plan: Plan, *concerns: Concern) -> None:
    view.show_plan(Planned(plan, concerns))


def test_the_tree_shows_every_photo_under_its_folder(view, plan):
    show(view, plan)
    assert shown(view.moves) == {
        "rose": [
            "2 | is there already",
            "a.jpg | with 1 file that belongs to it",
            "b.jpg | becomes b (2).jpg",
        ],
        "tulip": ["1 | new folder", "c.jpg"],
    }


def test_what_stays_is_shown_with_its_reason(view, plan):
    """Promise 21: every photo of the plan is either in a folder or has its reason."""
    show(view, plan)
    assert shown(view.stays) == {
        "The picture is damaged or incomplete.": ["1", "f.jpg"],
        "FlowerSorter is not sure which species this is.": ["2", "d.jpg", "e.jpg"],
    }
    listed = sum(len(lines) - 1 for tree in (view.moves, view.stays) for lines in shown(tree).values())
    assert listed == plan.found


def test_the_summary_counts(view, plan):
    show(view, plan)
    assert view.summary() == (
        "Move 3 photos into 2 folders in /garden/summer. 1 folder is new. 3 photos stay where they are. "
        "Nothing is overwritten, and you can undo it."
    )


def test_a_relabelled_photo_says_where_it_was(view):
    show(view, plan_of(planned_move("rose/a.jpg", "tulip", filed_as="rose")))
    assert shown(view.moves)["tulip"][1] == "a.jpg | was under rose"


def test_renamed_twins_can_be_looked_at_alone(view, plan):
    show(view, plan)
    view.renamed_only.setChecked(True)
    assert shown(view.moves) == {"rose": ["1 | is there already", "b.jpg | becomes b (2).jpg"]}


def test_the_button_names_the_number_and_asks_to_carry_out(view, plan, qtbot):
    show(view, plan)
    assert view.go.text() == "Move 3 photos"
    with qtbot.waitSignal(view.carry_out_requested):
        qtbot.mouseClick(view.go, Qt.MouseButton.LeftButton)


def test_a_key_pressed_twice_moves_nothing(view, plan, qtbot):
    """Promise 8: the key that asked for the plan must not carry it out unseen."""
    show(view, plan)
    view.setFocus()
    with qtbot.assertNotEmitted(view.carry_out_requested):
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
            qtbot.keyClick(view.focusWidget(), key)


def test_an_empty_plan_cannot_be_carried_out(view):
    show(view, plan_of(kept=(stay("d.jpg", Code.UNSURE),)))
    assert not view.go.isEnabled()
    assert view.summary().startswith("No photo is to be filed.")


def test_copy_asks_for_another_plan_once(view, plan, qtbot):
    show(view, plan)
    with qtbot.waitSignal(view.transfer_changed) as asked:
        view.copy_choice.click()
    assert asked.args == [Transfer.COPY]
    with qtbot.assertNotEmitted(view.transfer_changed):
        show(view, plan_of(*plan.moves, transfer=Transfer.COPY))
        view.copy_choice.click()
    assert view.go.text() == "Copy 3 photos"


def test_a_concern_that_blocks_shuts_the_button(view, plan):
    """Promise 23: other programs' libraries are not wrecked; copying stays possible."""
    show(view, plan, Concern(Reason(Code.FOLDER_PROTECTED, {"path": ROOT}), blocks=True))
    assert not view.go.isEnabled()
    assert view.copy_choice.isEnabled()


def test_a_special_folder_has_to_be_agreed_to(view, plan):
    """Promise 23: a synced folder, a drive's root or the home folder asks first."""
    show(view, plan, Concern(Reason(Code.FOLDER_ASKS_FIRST, {"path": ROOT, "kind": "home"}), blocks=False))
    assert not view.go.isEnabled()
    view.agree.setChecked(True)
    assert view.go.isEnabled()
    show(view, plan, Concern(Reason(Code.FOLDER_ASKS_FIRST, {"path": ROOT, "kind": "home"}), blocks=False))
    assert not view.go.isEnabled(), "another plan is agreed to anew"


def test_while_moving_only_stop_can_be_pressed(view, plan, qtbot):
    """Promise 16: cancel is there between photos."""
    show(view, plan)
    view.show_progress(Progress(Stage.MOVING, 1, 3))
    assert not view.go.isEnabled()
    with qtbot.waitSignal(view.cancel_requested):
        qtbot.mouseClick(view.progress.cancel_button, Qt.MouseButton.LeftButton)
    show(view, plan)
    assert view.go.isEnabled()
    assert view.progress.isHidden()


def test_the_whole_way_can_be_read_in_the_tool_tip(view, plan):
    show(view, plan)
    model = view.moves.model()
    tip = model.index(0, 0, model.index(0, 0)).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines() == [
        "/garden/summer/a.jpg", "→ /garden/summer/rose/a.jpg",
        "/garden/summer/a.xmp", "→ /garden/summer/rose/a.xmp",
    ]  # fmt: skip


def test_move_and_copy_can_be_read_in_the_smallest_window(reviewed, qtbot):
    reviewed.resize(SMALLEST)
    with qtbot.waitSignal(reviewed.session.planned):
        reviewed.session.make_plan()
    page = reviewed.sort_page
    assert page.plan.minimumSizeHint().width() <= page.stack.width()
    for choice in (page.plan.move_choice, page.plan.copy_choice):
        qtbot.waitUntil(lambda choice=choice: choice.width() >= choice.sizeHint().width())
