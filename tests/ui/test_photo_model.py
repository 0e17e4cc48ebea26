"""The grid's model shows one group in order, and follows every change."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QTextDocument
from support.recogniser import classified

from flowersorter.records import Decision, Photo
from flowersorter.ui.photo_model import PHOTOS_MIME, PhotoModel
from flowersorter.ui.review import Kind, Order, PanelRow, Review


@pytest.fixture
def review(tmp_path):
    made = Review()
    for name in ("daisy-95-1.jpg", "daisy-85-2.jpg", "rose-99-1.jpg", "daisy-40-3.jpg", "rose-55-2.jpg"):
        path = tmp_path / name
        path.write_bytes(name.encode())
        made.add([classified(Photo(path, 1, 1), 0.8)])
    return made


@pytest.fixture
def model(review, qapp):
    made = PhotoModel(review)
    made.set_review(review)
    return made


def names(model: PhotoModel) -> list[str]:
    return [model.index(row).data() for row in range(model.rowCount())]


def test_it_is_a_well_behaved_model(model, qtmodeltester):
    qtmodeltester.check(model)


def test_what_needs_a_look_comes_first(model):
    assert names(model) == [
        "daisy-40-3.jpg", "rose-55-2.jpg", "daisy-85-2.jpg", "daisy-95-1.jpg", "rose-99-1.jpg",
    ]  # fmt: skip


def test_surest_first(model):
    model.show_group(PanelRow(Kind.SPECIES, "daisy"))
    model.set_order(Order.SUREST)
    assert names(model) == ["daisy-95-1.jpg", "daisy-85-2.jpg"]


def test_a_relabelled_photo_goes_to_its_species(model, review, qtmodeltester):
    model.show_group(PanelRow(Kind.SPECIES, "rose"))
    qtmodeltester.check(model, force_py=True)
    path = review.photos[3].photo.path
    model.refresh(review.set_decisions({path: Decision("rose")}))
    assert names(model) == ["daisy-40-3.jpg", "rose-99-1.jpg"]
    model.refresh(review.set_decisions({path: None}))
    assert names(model) == ["rose-99-1.jpg"]


def test_new_photos_find_their_place(model, review, tmp_path):
    path = tmp_path / "daisy-90-9.jpg"
    path.write_bytes(b"new")
    inserted = []
    model.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    model.refresh(review.add([classified(Photo(path, 1, 1), 0.8)]))
    assert names(model)[2:5] == ["daisy-85-2.jpg", "daisy-90-9.jpg", "daisy-95-1.jpg"]
    assert inserted == [(3, 3)]


def test_only_what_is_not_confirmed(model, review):
    model.set_unconfirmed_only(True)
    model.refresh(review.set_decisions({review.photos[3].photo.path: Decision("daisy")}))
    assert "daisy-40-3.jpg" not in names(model)
    assert model.rowCount() == 4


def test_many_changes_end_like_single_ones(model, review, tmp_path):
    chunk = []
    for number in range(300):
        path = tmp_path / f"tulip-{50 + number % 50}-{number}.jpg"
        path.write_bytes(path.name.encode())
        chunk.append(classified(Photo(path, 1, 1), 0.8))
    model.refresh(review.add(chunk))
    at_once = names(model)
    one_by_one = PhotoModel(Review())
    other = one_by_one.review
    for one in review.photos:
        one_by_one.refresh(other.add([one]))
    assert names(one_by_one) == at_once


@pytest.fixture
def tulips(tmp_path):
    made = []
    for number in range(300):
        path = tmp_path / f"tulip-{20 + number % 80}-{number}.jpg"
        path.write_bytes(path.name.encode())
        made.append(classified(Photo(path, 1, 1), 0.8))
    return made


def test_photos_that_come_together_find_their_places(model, review, tulips, qtmodeltester):
    qtmodeltester.check(model, force_py=True)
    model.add(review.add(tulips))
    at_once = names(model)
    model.set_order(Order.LEAST_SURE)
    assert names(model) == at_once
    qtmodeltester.check(model)


def test_what_is_selected_stays_selected_when_photos_come(model, review, tulips):
    selection = QItemSelectionModel(model)
    for row in (1, 3):
        selection.setCurrentIndex(model.index(row), QItemSelectionModel.SelectionFlag.Select)
    before = {index.data() for index in selection.selectedIndexes()}, selection.currentIndex().data()
    model.add(review.add(tulips))
    assert (
        {index.data() for index in selection.selectedIndexes()},
        selection.currentIndex().data(),
    ) == before


def test_a_photo_that_is_shown_already_comes_once(model, review, tulips):
    """Another order was chosen while it waited."""
    rows = review.add(tulips)
    model.set_order(Order.NAME)
    model.add(rows)
    assert len(set(names(model))) == model.rowCount() == len(review.photos)


def test_only_what_the_group_holds_comes(model, review, tulips):
    model.show_group(PanelRow(Kind.SPECIES, "daisy"))
    before = names(model)
    model.add(review.add(tulips))
    assert names(model) == before


def test_dragged_photos_are_named_by_their_rows(model):
    data = model.mimeData([model.index(0), model.index(2)])
    assert bytes(data.data(PHOTOS_MIME).data()) == b"3 1"


def test_a_tool_tip_shows_a_path_as_it_is_written(model, review, tmp_path):
    path = tmp_path / "<b>daisy<b>-90-9.jpg"
    path.write_bytes(b"new")
    model.refresh(review.add([classified(Photo(path, 1, 1), 0.8)]))
    index = model.index(names(model).index(path.name))
    document = QTextDocument()
    document.setHtml(index.data(Qt.ItemDataRole.ToolTipRole))
    assert document.toPlainText() == str(path)
