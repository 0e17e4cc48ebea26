"""Another "at most N wrong in 100" files more or fewer photos at once, without classifying again."""

from __future__ import annotations

from threading import Event

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from support.recogniser import make_photos

from flowersorter.jobs import promise, sort
from flowersorter.learning.calibrate import Threshold
from flowersorter.records import Code, Decision, Refused


@pytest.fixture
def promised(view, sort_folder, folder, recogniser):
    recogniser.thresholds = {0.5: Threshold(None, 93), 10.0: Threshold(0.5), 1.0: Threshold(0.97)}
    sort_folder(folder)
    return view


def choose(view, session, qtbot, max_wrong: float) -> None:
    with qtbot.waitSignal(session.promised):
        view.promise.number.setValue(max_wrong)


def test_the_number_stands_beside_what_it_means(promised):
    assert promised.promise.isEnabled()
    assert promised.promise.number.text() == "at most 2 wrong in 100"
    assert promised.bottom.facts().startswith("4 to file  ·  2 to look at")


def test_more_mistakes_file_more_photos_and_fewer_file_fewer(promised, session, qtbot, store):
    choose(promised, session, qtbot, 10.0)
    assert promised.bottom.facts().startswith("5 to file  ·  1 to look at")
    choose(promised, session, qtbot, 1.0)
    assert promised.bottom.facts().startswith("1 to file  ·  5 to look at")
    assert store.values.max_wrong == 1.0, "the next folder is sorted as carefully"


def test_what_cannot_be_kept_files_nothing_and_says_how_many_photos_are_missing(promised, session, qtbot):
    choose(promised, session, qtbot, 0.5)
    assert "“at most 0.5 wrong in 100”" in promised.message.words()
    assert "About 93 more photos would do" in promised.message.words()
    assert promised.bottom.facts().startswith("0 to file  ·  6 to look at")
    choose(promised, session, qtbot, 10.0)
    assert promised.message.words() == ""


def test_the_plan_keeps_the_number_that_is_shown(promised, session, qtbot):
    """Promise 8: the counts of the review are the moves of the plan."""
    choose(promised, session, qtbot, 10.0)
    with qtbot.waitSignal(session.planned) as planned:
        session.make_plan()
    assert {move.photo.path.name for move in planned.args[0].plan.moves} == {
        "daisy-95-1.jpg", "daisy-85-2.jpg", "rose-99-1.jpg", "tulip-90-1.jpg", "rose-55-2.jpg",
    }  # fmt: skip
    assert session.request.max_wrong == 10.0


@pytest.fixture
def slow_promises(monkeypatch, recogniser):
    """Thresholds are worked out once somebody says so."""
    go_on = Event()

    def wait_and_answer(_info: object, max_wrong: float) -> Threshold:
        assert go_on.wait(20)
        return recogniser.threshold(max_wrong)

    monkeypatch.setattr(promise, "threshold_of", wait_and_answer)
    yield go_on
    go_on.set()


def test_a_number_typed_just_before_the_plan_is_in_the_plan(promised, session, qtbot, slow_promises):
    """The press takes the keyboard from the number, which is asked for only then; the click still counts."""
    promised.plan_requested.connect(session.make_plan)
    number, plan = promised.promise.number, promised.bottom.plan_button
    number.setFocus()
    number.selectAll()
    qtbot.keyClicks(number, "10")
    qtbot.mousePress(plan, Qt.MouseButton.LeftButton)
    assert session.promising
    qtbot.mouseRelease(plan, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(session.planned) as planned:
        slow_promises.set()
    assert session.plan is planned.args[0]
    assert "rose-55-2.jpg" in {move.photo.path.name for move in planned.args[0].plan.moves}


def test_a_plan_that_waits_for_a_number_comes_also_when_that_fails(
    promised, session, qtbot, slow_promises, monkeypatch
):
    def gone(_info: object, _max_wrong: float) -> Threshold:
        assert slow_promises.wait(20)
        raise Refused(Code.MODEL_NOT_FOUND, model="garden")

    monkeypatch.setattr(promise, "threshold_of", gone)
    promised.promise.number.setValue(10.0)
    session.make_plan()
    with qtbot.waitSignal(session.planned) as planned:
        slow_promises.set()
    assert len(planned.args[0].plan.moves) == 4


def test_a_plan_waits_for_the_newest_number(promised, session, qtbot, slow_promises):
    promised.promise.number.setValue(1.0)
    promised.promise.number.setValue(10.0)
    session.make_plan()
    with qtbot.waitSignal(session.planned) as planned:
        slow_promises.set()
    assert not session.promising
    assert len(planned.args[0].plan.moves) == 5


def test_what_was_said_of_a_photo_stays(promised, session, qtbot):
    path = next(one.photo.path for one in session.review.photos if one.photo.path.name == "tulip-90-1.jpg")
    row = next(row for row, one in enumerate(session.review.photos) if one.photo.path == path)
    session.decide([row], Decision("rose"), "File under rose")
    choose(promised, session, qtbot, 0.5)
    assert session.review.decisions[path] == Decision("rose")
    assert promised.bottom.facts().startswith("1 to file  ·  5 to look at")


def test_photos_that_come_later_keep_the_new_number(view, session, qtbot, recogniser, tmp_path):
    recogniser.thresholds = {10.0: Threshold(0.5)}
    folder = tmp_path / "many"
    make_photos(folder, *(f"daisy-60-{number:03}.jpg" for number in range(2 * sort.CHUNK)))
    request = sort.SortRequest(folder)
    with qtbot.waitSignal(session.found):
        session.look(request)
    recogniser.pause_after = sort.CHUNK
    session.classify(request)
    qtbot.waitUntil(lambda: len(session.review.photos) == sort.CHUNK)
    choose(view, session, qtbot, 10.0)
    with qtbot.waitSignal(session.classified):
        recogniser.go_on.set()
    assert all(one.guess.sure for one in session.review.photos)


def test_a_model_that_has_gone_leaves_everything_as_it_was(promised, session, qtbot, monkeypatch):
    def gone(_info: object, _max_wrong: float) -> Threshold:
        raise Refused(Code.MODEL_NOT_FOUND, model="garden")

    monkeypatch.setattr(promise, "threshold_of", gone)
    with qtbot.waitSignal(session.promise_failed):
        promised.promise.number.setValue(10.0)
    assert promised.message.words() == "There is no model “garden”."
    assert promised.promise.number.value() == 2.0
    assert promised.bottom.facts().startswith("4 to file")
    assert promised.bottom.plan_button.isEnabled()


def test_the_photo_that_is_looked_at_stays_in_view(promised, session, qtbot):
    promised.grid.select_only(5)
    name = promised.grid.currentIndex().data()
    choose(promised, session, qtbot, 0.5)
    assert promised.grid.currentIndex().data() == name
    promised.show_large()
    choose(promised, session, qtbot, 10.0)
    assert promised.grid.currentIndex().data() == name
    assert promised.targets() == [promised.model.row_at(promised.grid.currentIndex())]


def turn_wheel(widget: QWidget, by: int) -> None:
    at = QPointF(widget.rect().center())
    turned, ended = QPoint(0, by), Qt.ScrollPhase.NoScrollPhase
    keys, buttons = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton
    inverted = False
    QApplication.sendEvent(
        widget, QWheelEvent(at, widget.mapToGlobal(at), turned, turned, buttons, keys, ended, inverted)
    )


def test_the_wheel_in_passing_changes_neither_the_number_nor_what_is_shown(promised, qtbot, store):
    """Promise 8: how many photos are filed is nothing to change by accident."""
    promised.window().activateWindow()
    qtbot.waitUntil(promised.isActiveWindow)
    promised.grid.setFocus()
    for widget, by in (
        (promised.promise.number, 120),
        (promised.top.order, -120),
        (promised.top.which, -120),
    ):
        turn_wheel(widget, by)
        assert not widget.hasFocus()
    assert promised.promise.number.value() == 2.0
    assert store.values.max_wrong == 2.0
    assert (promised.top.order.currentIndex(), promised.top.which.currentIndex()) == (0, 0)
    promised.promise.number.setFocus()
    turn_wheel(promised.promise.number, -120)
    assert promised.promise.number.value() == 1.5
