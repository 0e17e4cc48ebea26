"""Reviewing with keyboard and mouse: every decision reaches the selected photos, and can be taken back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, QPointF, Qt
from PySide6.QtGui import QDropEvent
from support.recogniser import make_photos

from flowersorter.jobs import sort
from flowersorter.learning.calibrate import Threshold
from flowersorter.library import Library
from flowersorter.records import Decision
from flowersorter.ui.review import Kind, Order, PanelRow

Key = Qt.Key


@pytest.fixture
def reviewed(view, sort_folder, folder):
    sort_folder(folder)
    view.grid.setFocus()
    return view


def shown(view) -> list[str]:
    return [view.model.index(row).data() for row in range(view.model.rowCount())]


def selected(view) -> list[str]:
    return [view.model.index(index.row()).data() for index in view.grid.selectionModel().selectedIndexes()]


def decided(view) -> dict[str, str | None]:
    decisions = view.model.review.decisions
    return {path.name: decision.species for path, decision in decisions.items()}


def counts(view) -> dict[str, int]:
    panel = view.panel.model()
    return {
        panel.index(row).data(): panel.index(row).data(Qt.UserRole + 1) for row in range(panel.rowCount())
    }


def select(view, *names: str) -> None:
    selection = view.grid.selectionModel()
    selection.clear()
    for name in names:
        index = view.model.index(shown(view).index(name))
        selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.Select)


def test_photos_are_grouped_by_species_with_counts(reviewed):
    assert counts(reviewed) == {
        "All photos": 7,
        "Unsure": 2,
        "daisy": 2,
        "rose": 1,
        "tulip": 1,
        "Left where they are": 0,
        "Could not be read": 1,
    }
    assert reviewed.bottom.facts() == "4 to file  ·  2 to look at  ·  1 could not be read"


def test_enter_confirms_and_goes_on(reviewed, qtbot):
    assert selected(reviewed) == ["daisy-40-3.jpg"]
    qtbot.keyClick(reviewed.grid, Key.Key_Return)
    assert decided(reviewed) == {"daisy-40-3.jpg": "daisy"}
    assert selected(reviewed) == ["rose-55-2.jpg"]
    assert counts(reviewed)["daisy"] == 3
    assert reviewed.bottom.facts().startswith("5 to file  ·  1 to look at")


def test_a_number_key_relabels_the_whole_selection(reviewed, qtbot):
    select(reviewed, "daisy-40-3.jpg", "rose-55-2.jpg", "tulip-90-1.jpg")
    qtbot.keyClick(reviewed.grid, Key.Key_2)
    assert decided(reviewed) == dict.fromkeys(["daisy-40-3.jpg", "rose-55-2.jpg", "tulip-90-1.jpg"], "rose")
    assert counts(reviewed)["rose"] == 4


def test_a_number_without_a_species_does_nothing(reviewed, qtbot):
    qtbot.keyClick(reviewed.grid, Key.Key_9)
    assert decided(reviewed) == {}


def test_typing_completes_a_known_species(reviewed, qtbot):
    qtbot.keyClick(reviewed.grid, Key.Key_T)
    assert reviewed.box.isVisible()
    qtbot.keyClick(reviewed.box.field, Key.Key_Return)
    assert not reviewed.box.isVisible()
    assert decided(reviewed) == {"daisy-40-3.jpg": "tulip"}


def test_typing_makes_a_new_species(reviewed, qtbot):
    qtbot.keyClick(reviewed.grid, Key.Key_B)
    qtbot.keyClicks(reviewed.box.field, "luebell 'Spring'")
    qtbot.keyClick(reviewed.box.field, Key.Key_Return)
    assert decided(reviewed) == {"daisy-40-3.jpg": "bluebell 'Spring'"}
    assert counts(reviewed)["bluebell 'Spring'"] == 1
    assert reviewed.model.review.species_with_key(4) == "bluebell 'Spring'"


def test_a_known_species_typed_in_capitals_is_no_new_one(reviewed, qtbot):
    """Promise 11: one species never gets two folders."""
    reviewed.ask_species("ROSE")
    assert [reviewed.box.names.item(row).text() for row in range(reviewed.box.names.count())] == ["rose"]
    qtbot.keyClick(reviewed.box.field, Key.Key_Return)
    assert decided(reviewed) == {"daisy-40-3.jpg": "rose"}


def test_the_arrows_choose_in_the_box(reviewed, qtbot):
    reviewed.ask_species("d")
    qtbot.keyClick(reviewed.box.field, Key.Key_Down)
    qtbot.keyClick(reviewed.box.field, Key.Key_Return)
    assert decided(reviewed) == {"daisy-40-3.jpg": "d"}


def test_a_box_that_was_left_open_asks_nothing_of_the_next_folder(reviewed, sort_folder, tmp_path):
    reviewed.grid.selectAll()
    reviewed.ask_species("tulip")
    make_photos(tmp_path / "other", "rose-95-1.jpg")
    sort_folder(tmp_path / "other")
    assert not reviewed.box.isVisible()
    reviewed.box.accepted.emit("tulip")  # a key that was on its way
    assert decided(reviewed) == {}


@pytest.mark.parametrize("name", ["..", "...", " "])
def test_a_name_that_is_none_is_not_taken(reviewed, qtbot, name):
    """Promise 9: a hostile name never becomes a folder."""
    reviewed.ask_species(name)
    qtbot.keyClick(reviewed.box.field, Key.Key_Return)
    assert reviewed.box.isVisible()
    qtbot.keyClick(reviewed.box.field, Key.Key_Escape)
    assert not reviewed.box.isVisible()
    assert ".." not in decided(reviewed).values()


def test_delete_leaves_a_photo_where_it_is(reviewed, qtbot):
    select(reviewed, "rose-99-1.jpg")
    qtbot.keyClick(reviewed.grid, Key.Key_Delete)
    assert decided(reviewed) == {"rose-99-1.jpg": None}
    assert counts(reviewed)["Left where they are"] == 1
    assert counts(reviewed)["rose"] == 0


def test_every_decision_can_be_undone_and_redone(reviewed, qtbot):
    qtbot.keyClick(reviewed.grid, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(reviewed.grid, Key.Key_3)
    everything = decided(reviewed)
    assert set(everything.values()) == {"tulip"}
    assert len(everything) == 6, "a photo that cannot be read has no species"
    select(reviewed, "rose-99-1.jpg")
    qtbot.keyClick(reviewed.grid, Key.Key_Delete)
    reviewed.undo()
    assert decided(reviewed) == everything
    reviewed.undo()
    assert decided(reviewed) == {}
    assert counts(reviewed)["Unsure"] == 2
    reviewed.redo()
    assert decided(reviewed) == everything


def test_select_all_and_confirm_accepts_the_suggestions(reviewed, qtbot):
    reviewed.panel.choose(PanelRow(Kind.UNSURE))
    assert shown(reviewed) == ["daisy-40-3.jpg", "rose-55-2.jpg"]
    reviewed.grid.selectAll()
    qtbot.keyClick(reviewed.grid, Key.Key_Return)
    assert decided(reviewed) == {"daisy-40-3.jpg": "daisy", "rose-55-2.jpg": "rose"}
    assert shown(reviewed) == []


def test_all_suggestions_of_one_species_are_accepted_at_once(reviewed):
    reviewed.accept_suggestions("rose")
    assert decided(reviewed) == {"rose-55-2.jpg": "rose"}


def drop_on(view, group: PanelRow) -> None:
    panel = view.panel
    index = panel.model().index_of(group)
    at = QPointF(panel.visualRect(index).center())
    data = view.model.mimeData(view.grid.selectionModel().selectedIndexes())
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    panel.dropEvent(QDropEvent(at, Qt.DropAction.CopyAction, data, left, none))


def test_photos_are_dropped_on_a_species(reviewed):
    select(reviewed, "rose-55-2.jpg", "tulip-90-1.jpg")
    drop_on(reviewed, PanelRow(Kind.SPECIES, "daisy"))
    assert decided(reviewed) == {"rose-55-2.jpg": "daisy", "tulip-90-1.jpg": "daisy"}


def test_photos_are_dropped_on_left_where_they_are(reviewed):
    drop_on(reviewed, PanelRow(Kind.LEFT))
    assert decided(reviewed) == {"daisy-40-3.jpg": None}


def test_nothing_happens_on_a_drop_elsewhere(reviewed):
    drop_on(reviewed, PanelRow(Kind.UNSURE))
    assert decided(reviewed) == {}


def test_the_large_view_chooses_a_runner_up(reviewed, qtbot):
    qtbot.keyClick(reviewed.grid, Key.Key_Space)
    assert reviewed.stack.currentWidget() is reviewed.large
    qtbot.keyClick(reviewed.large, Key.Key_2)
    assert decided(reviewed) == {"daisy-40-3.jpg": "rose"}
    qtbot.keyClick(reviewed.large, Key.Key_Return)
    assert decided(reviewed)["rose-55-2.jpg"] == "rose"
    qtbot.keyClick(reviewed.large, Key.Key_Escape)
    assert reviewed.stack.currentWidget() is reviewed.grid


def test_the_large_view_acts_on_the_photo_that_it_shows(reviewed, qtbot):
    reviewed.grid.selectAll()
    qtbot.keyClick(reviewed.grid, Key.Key_Space)
    qtbot.keyClick(reviewed.large, Key.Key_Delete)
    assert list(decided(reviewed).values()) == [None]


@pytest.mark.parametrize("modifier", ["AltModifier", "MetaModifier", "ControlModifier"])
@pytest.mark.parametrize("key", [Key.Key_F, Key.Key_Delete, Key.Key_1, Key.Key_Return, Key.Key_Right])
def test_keys_of_the_system_say_nothing_in_the_large_view(reviewed, qtbot, key, modifier):
    reviewed.show_large()
    qtbot.keyClick(reviewed.large, key, Qt.KeyboardModifier[modifier])
    assert decided(reviewed) == {}
    assert not reviewed.box.isVisible()
    assert selected(reviewed) == ["daisy-40-3.jpg"]
    assert reviewed.stack.currentWidget() is reviewed.large


def test_all_are_selected_only_where_they_are_seen(reviewed, qtbot):
    reviewed.activateWindow()
    qtbot.waitUntil(reviewed.isActiveWindow)
    reviewed.show_large()
    qtbot.keyClick(reviewed.large, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(reviewed.large, Key.Key_Space)
    assert selected(reviewed) == ["daisy-40-3.jpg"]
    qtbot.keyClick(reviewed.grid, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(selected(reviewed)) == 7


def test_a_group_shows_its_photos_only(reviewed):
    reviewed.panel.choose(PanelRow(Kind.SPECIES, "daisy"))
    assert shown(reviewed) == ["daisy-85-2.jpg", "daisy-95-1.jpg"]
    reviewed.top.order.setCurrentIndex(reviewed.top.order.findData(Order.SUREST))
    assert shown(reviewed) == ["daisy-95-1.jpg", "daisy-85-2.jpg"]


def test_the_panel_keeps_its_group_when_a_species_is_new(reviewed, qtbot):
    reviewed.panel.choose(PanelRow(Kind.SPECIES, "daisy"))
    reviewed.grid.selectAll()
    reviewed.relabel("aster")
    assert reviewed.panel.chosen == PanelRow(Kind.SPECIES, "daisy")
    assert counts(reviewed)["aster"] == 2


def test_too_few_taught_photos_are_said_plainly(view, sort_folder, folder, recogniser):
    recogniser._threshold = Threshold(None, 93)
    sort_folder(folder)
    words = view.message.words()
    assert "About 93 more photos would do" in words
    assert "press Enter" in words
    assert view.bottom.facts().startswith("0 to file  ·  6 to look at")


def test_decisions_are_remembered_for_the_photo(reviewed, qtbot, session, home):
    digest = next(one.digest for one in session.review.photos if one.photo.path.name == "daisy-40-3.jpg")
    reviewed.relabel("tulip")
    session.close()
    with Library.open(home.library_file) as library:
        assert library.decision(digest) == Decision("tulip")
    reviewed.undo()
    session.close()
    with Library.open(home.library_file) as library:
        assert library.decision(digest) is None


def test_decisions_come_back_when_the_folder_is_sorted_again(reviewed, session, sort_folder, folder):
    reviewed.relabel("tulip")
    session.close()
    sort_folder(folder)
    assert decided(reviewed) == {"daisy-40-3.jpg": "tulip"}
    assert not session.undo_stack.canUndo()


def test_what_is_shown_is_what_the_plan_does(reviewed, session, qtbot):
    """Promise 8: the counts of the review are the moves of the plan."""
    select(reviewed, "rose-99-1.jpg")
    qtbot.keyClick(reviewed.grid, Key.Key_Delete)
    select(reviewed, "daisy-40-3.jpg")
    reviewed.relabel("tulip")
    with qtbot.waitSignal(session.planned) as planned:
        session.make_plan()
    plan = planned.args[0].plan
    filed = {move.photo.path.name: move.species for move in plan.moves}
    assert filed == {
        "daisy-95-1.jpg": "daisy",
        "daisy-85-2.jpg": "daisy",
        "tulip-90-1.jpg": "tulip",
        "daisy-40-3.jpg": "tulip",
    }
    assert plan.found == 7
    assert {stay.photo.path.name for stay in plan.kept} == {"rose-99-1.jpg", "rose-55-2.jpg"}
    assert [stay.photo.path.name for stay in plan.skipped] == ["broken-1.jpg"]


def test_a_sorted_folder_shows_its_photos_under_their_species(reviewed, session, qtbot, sort_folder, folder):
    """Relabelling a filed photo moves it to the right folder by the same path."""
    with qtbot.waitSignal(session.planned):
        session.make_plan()
    with qtbot.waitSignal(session.filed):
        session.carry_out()
    sort_folder(folder)
    assert counts(reviewed)["Already filed"] == 4
    reviewed.panel.choose(PanelRow(Kind.SPECIES, "tulip"))
    assert shown(reviewed) == ["tulip-90-1.jpg"]
    reviewed.grid.select_only(0)
    reviewed.relabel("rose")
    with qtbot.waitSignal(session.planned):
        session.make_plan()
    with qtbot.waitSignal(session.filed):
        session.carry_out()
    assert (folder / "rose" / "tulip-90-1.jpg").exists()
    assert not (folder / "tulip" / "tulip-90-1.jpg").exists()


def test_photos_in_albums_are_shown_and_stay(view, session, sort_folder, folder):
    make_photos(folder / "Wedding", "rose-98-5.jpg")
    sort_folder(folder, recursive=True)
    assert counts(view)["In your albums"] == 1


def test_a_folder_that_was_seen_before_is_there_at_once(view, sort_folder, tmp_path):
    make_photos(tmp_path / "many", *(f"daisy-90-{number:03}.jpg" for number in range(700)))
    sort_folder(tmp_path / "many")
    assert view.model.rowCount() == 700


def test_a_cancelled_sorting_keeps_what_was_seen(view, session, qtbot, recogniser, tmp_path):
    """Cancel keeps what is done; the rest is said to be not looked at."""
    folder = tmp_path / "many"
    make_photos(folder, *(f"daisy-90-{number:03}.jpg" for number in range(100)))
    request = sort.SortRequest(folder)
    with qtbot.waitSignal(session.found):
        session.look(request)
    recogniser.pause_after = 2 * sort.CHUNK
    session.classify(request)
    qtbot.waitUntil(lambda: len(session.review.photos) == 2 * sort.CHUNK)
    with qtbot.waitSignal(session.stopped):
        session.cancel()
        recogniser.go_on.set()
    kept = 2 * sort.CHUNK
    assert view.bottom.facts() == f"{kept} to file  ·  {100 - kept} not looked at"
    assert view.bottom.plan_button.isEnabled()
    with qtbot.waitSignal(session.planned) as planned:
        session.make_plan()
    assert len(planned.args[0].plan.moves) == kept


def test_an_unsure_photo_says_what_kind_it_is_and_is_not_filed(
    view, sort_folder, tmp_path, recogniser, qtbot
):
    """70 % gazania, 15 % daisy: a daisy of some kind. Confirming still means the best guess."""
    make_photos(tmp_path / "kinds", "Gazania-70-1.jpg")
    sort_folder(tmp_path / "kinds")
    assert view.bottom.facts() == "0 to file  ·  1 to look at"
    spoken = view.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Gazania?, A daisy of some kind, 70 %, Gazania-70-1.jpg"
    view.show_large()
    assert view.large._state.text() == "A daisy of some kind. Not sure enough to file it. What is it?"
    view.confirm()
    assert decided(view) == {"Gazania-70-1.jpg": "Gazania"}


def test_a_window_that_was_wide_can_become_narrow_again(reviewed, qtbot):
    reviewed.resize(1900, 700)
    hint = reviewed.bottom._hint
    qtbot.waitUntil(lambda: hint.isVisible() and hint.width() >= hint.sizeHint().width())
    assert reviewed.minimumSizeHint().width() <= 1000
    reviewed.resize(1000, 700)
    qtbot.waitUntil(lambda: not hint.isVisible())
