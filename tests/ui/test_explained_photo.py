"""Why? Where it looked and what is alike, off the GUI thread, and never of another photo."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from flowersorter.records import Code, Refused
from flowersorter.ui.explanations import heat_image

Key = Qt.Key


@pytest.fixture
def large(view, sort_folder, folder, qtbot):
    """The large view, open on daisy-40-3.jpg."""
    sort_folder(folder)
    view.show_large()
    return view.large


@pytest.fixture
def asked(thumbnailer, monkeypatch):
    """How many pixels of the long side were asked for."""
    sides: list[int] = []
    real = thumbnailer.preview

    def preview(path, long_side):
        sides.append(long_side)
        return real(path, long_side)

    monkeypatch.setattr(thumbnailer, "preview", preview)
    return sides


def ask(large, explanations, qtbot) -> None:
    with qtbot.waitSignal(explanations.ready):
        qtbot.keyClick(large, Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)


def test_a_key_shows_where_it_looked_and_what_is_alike(large, explanations, explainer, qtbot):
    assert large.photo.reasons() == ""
    assert not explainer.asked, "nothing is worked out before it is asked for"
    ask(large, explanations, qtbot)
    assert large.photo.picture.has_heat()
    assert "What speaks for “daisy”" in large.photo.reasons()
    assert "Most like these photos that it was taught" in large.photo.reasons()
    assert large.photo.neighbours.words() == ["daisy", "daisy"]
    qtbot.keyClick(large, Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    assert not large.photo.picture.has_heat()
    assert large.photo.reasons() == ""


def test_the_next_photo_is_explained_too_and_the_last_one_is_dropped(large, explanations, explainer, qtbot):
    explainer.go_on.clear()
    large.why.click()
    qtbot.keyClick(large, Key.Key_Right)
    assert not large.photo.picture.has_heat()
    late = []
    explanations.ready.connect(lambda wish, _answer: late.append((wish.photo.name, large.photo.reasons())))
    with qtbot.waitSignal(
        explanations.ready, check_params_cb=lambda wish, _answer: "rose" in wish.photo.name
    ):
        explainer.go_on.set()
    assert late[0] == ("daisy-40-3.jpg", "Finding out why…"), "an answer for a photo that was left is dropped"
    assert "“rose”" in large.photo.reasons()
    assert explainer.asked == [("daisy-40-3.jpg", "daisy"), ("rose-55-2.jpg", "rose")]


def test_taught_photos_that_have_gone_are_said(large, explanations, explainer, qtbot):
    explainer.lost = 3
    ask(large, explanations, qtbot)
    assert "3 more are no longer where they were" in large.photo.reasons()
    assert large.photo.neighbours.words() == ["daisy", "daisy"]


@pytest.mark.parametrize(
    ("neighbours", "words"),
    [
        (None, "This model came without the photos that it was taught."),
        ((), "The photos that it was taught are no longer where they were."),
    ],
)
def test_without_neighbours_it_says_why(large, explanations, explainer, qtbot, neighbours, words):
    explainer.neighbours = neighbours
    ask(large, explanations, qtbot)
    assert words in large.photo.reasons()
    assert large.photo.neighbours.isHidden()


def test_a_refusal_is_one_sentence(large, explanations, explainer, qtbot):
    explainer.problem = Refused(Code.MODEL_DAMAGED, model="garden")
    ask(large, explanations, qtbot)
    assert large.photo.reasons().startswith("The model “garden” is damaged")
    assert not large.photo.picture.has_heat()


def test_a_photo_that_cannot_be_read_has_no_reasons(large, view, qtbot, explainer):
    view.grid.select_only(view.model.rowCount() - 1)
    assert not large.why.isEnabled()
    qtbot.keyClick(large, Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    assert explainer.asked == []


def test_a_w_begins_a_name(large, view, qtbot, explainer):
    qtbot.keyClick(large, Key.Key_W)
    assert view.box.isVisible()
    assert explainer.asked == []


def test_the_colours_grow_brighter_with_the_heat(qapp):
    """Colour-blind eyes and a grey print read the same: lightness alone tells more from less."""
    image = heat_image(np.linspace(0, 1, 32, dtype=np.float32)[None])
    ground = 128  # a middling photo below
    seen = []
    for x in range(32):
        colour = QColor(image.pixelColor(x, 0))
        share = colour.alphaF()
        light = 0.299 * colour.red() + 0.587 * colour.green() + 0.114 * colour.blue()
        seen.append(share * light + (1 - share) * ground)
    assert seen == sorted(seen)
    assert seen[-1] - seen[0] > 60


def test_the_heat_lies_on_its_side_of_the_photo(large, explanations, qtbot):
    ask(large, explanations, qtbot)
    picture = large.photo.picture
    qtbot.waitUntil(lambda: picture._pixmap is not None and picture._pixmap.width() == 120)
    shot = picture.grab().toImage()
    width, height = shot.width(), shot.height()
    left, right = (
        shot.pixelColor(int(width * 0.35), height // 2),
        shot.pixelColor(int(width * 0.65), height // 2),
    )
    assert left.red() > left.blue(), "yellow"
    assert right.blue() > right.red(), "blue"


def test_the_photo_of_a_closed_folder_is_forgotten(large, explanations, qtbot, view, sort_folder, folder):
    ask(large, explanations, qtbot)
    sort_folder(folder)
    assert large.photo.reasons() == ""
    assert not large.photo.picture.has_heat()


def test_a_photo_is_as_sharp_as_its_room_from_the_first_one_on(view, sort_folder, folder, qtbot, asked):
    sort_folder(folder)
    view.resize(1900, 1000)
    view.show_large()
    picture = view.large.photo.picture
    qtbot.waitUntil(lambda: picture.width() > 1200)
    qtbot.waitUntil(lambda: max(asked, default=0) >= picture.width())


def test_it_grows_sharper_with_the_window_and_is_not_asked_for_again_when_that_shrinks(
    view, large, qtbot, asked
):
    picture = large.photo.picture
    view.resize(1900, 1000)
    qtbot.waitUntil(lambda: max(asked, default=0) >= picture.width() > 1200)
    most = list(asked)
    view.resize(1000, 700)
    qtbot.waitUntil(lambda: picture.width() < 1200)
    assert asked == most


def test_a_photo_that_could_not_be_read_is_asked_for_again(view, sort_folder, folder, qtbot, thumbnailer):
    """Its disk was asleep, or away for a moment."""
    real = thumbnailer.preview

    def vanished(path, long_side):
        raise Refused(Code.VANISHED)

    thumbnailer.preview = vanished
    sort_folder(folder)
    view.show_large()
    picture = view.large.photo.picture
    qtbot.waitUntil(lambda: picture._words != "")
    thumbnailer.preview = real
    view.show_grid()
    view.show_large()
    qtbot.waitUntil(lambda: picture._pixmap is not None and picture._pixmap.width() == 120)
