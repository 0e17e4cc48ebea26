"""The panel follows the review, and leads nobody away from where he looks."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from support.recogniser import classified

from flowersorter.records import Photo
from flowersorter.ui.review import EVERYTHING, Kind, PanelRow, Review
from flowersorter.ui.species_panel import PanelModel, SpeciesPanel


@pytest.fixture
def photo(tmp_path):
    """A photo that is surely of a species."""

    def make(species: str):
        path = tmp_path / f"{species}-95-1.jpg"
        path.write_bytes(species.encode())
        return classified(Photo(path, 1, 1), 0.8)

    return make


@pytest.fixture
def review(photo):
    made = Review()
    made.add([photo(f"flower{number:02}") for number in range(60)])
    return made


@pytest.fixture
def panel(qtbot, review):
    made = SpeciesPanel(review)
    qtbot.addWidget(made)
    made.resize(230, 400)
    with qtbot.waitExposed(made):
        made.show()
    made.refresh()
    return made


def test_a_new_species_leads_nobody_back_to_the_top(panel, review, photo):
    bar = panel.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = bar.value()
    assert before > 0
    review.add([photo("zinnia")])
    panel.refresh()
    assert panel.model().index_of(PanelRow(Kind.SPECIES, "zinnia")).isValid()
    assert bar.value() == before
    assert panel.chosen == EVERYTHING


def test_the_next_folder_begins_at_the_top(panel, photo):
    panel.verticalScrollBar().setValue(panel.verticalScrollBar().maximum())
    other = Review()
    other.add([photo(f"rose{number:02}") for number in range(60)])
    panel.set_review(other)
    assert panel.verticalScrollBar().value() == 0


def test_the_keys_still_lead_the_eye(panel, qtbot):
    qtbot.keyClick(panel, Qt.Key.Key_End)
    assert panel.viewport().rect().contains(panel.visualRect(panel.currentIndex()))


def test_until_the_rows_are_others_their_counts_are_the_old_ones(review, photo, qtmodeltester):
    model = PanelModel(review)
    model.refresh()
    spoken = []
    model.modelAboutToBeReset.connect(
        lambda: spoken.extend(
            model.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())
        )
    )
    before = [model.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]
    review.add([photo("aster")])
    model.refresh()
    assert spoken == before
    qtmodeltester.check(model)
