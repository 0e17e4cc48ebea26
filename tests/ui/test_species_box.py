"""Typing any name of a species finds it, and the names that we know are offered below the gardener's own."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication

from flowersorter.species_names import Language, all_species
from flowersorter.ui.review import Review
from flowersorter.ui.species_box import SpeciesBox
from flowersorter.ui.species_search import Hit, own_hits, table_hits

OWN = ["Oxeye daisy", "Rosa 'Peace'", "Shasta daisy"]


@pytest.fixture
def box(view, store):
    store.change(flower_names="english")
    return view.box


def listed(box: SpeciesBox) -> list[str]:
    return [box.names.item(row).text() for row in range(box.names.count())]


def ask(box: SpeciesBox, typed: str) -> list[str]:
    review = Review()
    review.know(OWN)
    box.ask(review, 1, typed)
    return listed(box)


@pytest.mark.parametrize("typed", ["margerite", "Leucanthemum", "MARG"])
def test_any_name_finds_a_species_of_the_review(box, qtbot, typed):
    first = ask(box, typed)[0]
    assert first.startswith("Oxeye daisy (")
    assert typed.casefold() in first.casefold()
    with qtbot.waitSignal(box.accepted) as accepted:
        qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert accepted.args == ["Oxeye daisy"]


def test_the_way_it_is_written_does_not_matter(box):
    assert ask(box, "ox-eye dai")[0] == "Oxeye daisy"


def test_another_name_of_a_known_species_is_no_new_one(box):
    """Promise 11."""
    assert ask(box, "Margerite") == ["Oxeye daisy (Margerite)"]


def test_a_new_name_stays_as_it_is_written_and_ours_are_offered_below(box, qtbot):
    assert ask(box, "tulp") == ["New species: tulp", "Tulip (Tulpe)"]
    with qtbot.waitSignal(box.accepted) as accepted:
        qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert accepted.args == ["tulp"]


def test_a_name_that_we_know_is_taken_as_we_write_it(box, qtbot):
    assert ask(box, "tulip") == ["Tulip"]
    with qtbot.waitSignal(box.accepted) as accepted:
        qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert accepted.args == ["Tulip"]


def test_with_nothing_typed_all_names_are_there_the_own_ones_first(box):
    names = ask(box, "")
    assert names[: len(OWN)] == OWN
    assert len(names) == len(OWN) + len(all_species()) - 1  # the oxeye daisy is there already


def test_names_are_offered_in_the_language_of_the_settings(box, store):
    store.change(flower_names="german")
    assert ask(box, "tuli") == ["New species: tuli", "Tulpe (Tulip)"]


def test_a_cultivar_hides_no_species():
    assert own_hits("rosa", OWN) == [Hit("Rosa 'Peace'")]
    assert Hit("Rose", "Rosa") in table_hits("rosa", OWN, Language.ENGLISH)


def test_names_that_are_shown_come_before_other_names():
    hits = table_hits("s", OWN, Language.GERMAN)
    other_names = [hit.matched is not None for hit in hits]
    assert other_names == sorted(other_names)
    assert True in other_names
    assert hits[0] == Hit("Schachbrettblume")


@pytest.mark.parametrize("typed", ["'", "x", "-"])
def test_signs_alone_find_nothing_in_the_table(typed):
    assert table_hits(typed, OWN, Language.ENGLISH) == []


def test_the_spelling_of_the_review_is_used_in_every_language():
    review = Review()
    review.know(OWN)
    assert review.known_spelling("margerite") == "Oxeye daisy"
    assert review.known_spelling("Rosa") == "Rosa"


@pytest.mark.parametrize(
    ("reason", "stays"), [(Qt.FocusReason.PopupFocusReason, True), (Qt.FocusReason.MouseFocusReason, False)]
)
def test_its_own_menu_does_not_close_it(box, qtbot, reason, stays):
    """A right click offers Paste."""
    box.window().activateWindow()
    qtbot.waitUntil(box.isActiveWindow)
    ask(box, "ro")
    QApplication.sendEvent(box.field, QFocusEvent(QEvent.Type.FocusOut, reason))
    assert box.isVisible() is stays


def test_it_stays_in_sight_when_the_window_shrinks(view, box):
    view.resize(1400, 1000)
    ask(box, "")
    view.resize(960, 560)
    assert view.rect().contains(box.geometry())
