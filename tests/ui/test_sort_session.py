"""The session: cancelling, failing, and one change of photos at a time."""

from __future__ import annotations

import shutil
import time
from threading import Event

import pytest
from support.recogniser import make_photos, model_info

from flowersorter.jobs import sort
from flowersorter.library import Library
from flowersorter.records import Code, Decision, Refused, Status, Transfer
from flowersorter.ui.sort_session import Busy


@pytest.fixture
def planned(session, qtbot, sort_folder, folder):
    sort_folder(folder)
    with qtbot.waitSignal(session.planned):
        session.make_plan()
    return session


def test_cancel_answers_within_a_second(session, qtbot, recogniser, tmp_path):
    make_photos(tmp_path / "many", *(f"rose-90-{number}.jpg" for number in range(100)))
    recogniser.pause_after = 2 * sort.CHUNK
    request = sort.SortRequest(tmp_path / "many")
    with qtbot.waitSignal(session.found):
        session.look(request)
    with qtbot.waitSignal(session.photos_added):
        session.classify(request)
    began = time.monotonic()
    with qtbot.waitSignal(session.stopped):
        session.cancel()
        recogniser.go_on.set()
    assert time.monotonic() - began < 1
    assert session.busy is Busy.NOTHING
    assert session.review.photos


def test_a_folder_that_is_not_there_is_said(session, qtbot, tmp_path):
    with qtbot.waitSignal(session.failed) as failed:
        session.look(sort.SortRequest(tmp_path / "gone"))
    assert failed.args[0].reason.code is Code.NOT_A_FOLDER
    assert session.found_now is None
    assert session.busy is Busy.NOTHING


def test_a_failing_model_leaves_the_session_usable(session, qtbot, folder, monkeypatch):
    def refuse(*_arguments):
        raise Refused(Code.MODEL_DAMAGED, model="my garden")

    monkeypatch.setattr(sort, "open_recogniser", refuse)
    request = sort.SortRequest(folder)
    with qtbot.waitSignal(session.found):
        session.look(request)
    with qtbot.waitSignal(session.failed) as failed:
        session.classify(request)
    assert failed.args[0].reason.code is Code.MODEL_DAMAGED
    with qtbot.waitSignal(session.found):
        session.look(request)


def test_a_newer_wish_replaces_an_older_one(session, qtbot, folder, tmp_path):
    """The answers of the older one are not shown."""
    make_photos(tmp_path / "other", "rose-90-1.jpg")
    answers = []
    session.found.connect(answers.append)
    session.look(sort.SortRequest(folder))
    with qtbot.waitSignal(session.found):
        session.look(sort.SortRequest(tmp_path / "other"))
    assert [found.scan.root for found in answers] == [tmp_path / "other"]


def test_moved_photos_lie_where_the_plan_said(planned, qtbot, folder):
    """Promise 8: what was planned is what happens."""
    targets = {move.target for move in planned.plan.plan.moves}
    with qtbot.waitSignal(planned.filed) as filed:
        planned.carry_out()
    receipt = filed.args[0]
    assert {outcome.target for outcome in receipt.outcomes if outcome.status is Status.MOVED} == targets
    assert all(target.exists() for target in targets)
    assert len(receipt.outcomes) == 7


def test_what_came_after_the_plan_makes_no_other_plan(planned, qtbot):
    """Promise 8: where a stranger's file has come, the photo stays; it gets no name that was not shown."""
    move = planned.plan.plan.moves[0]
    move.target.parent.mkdir()
    move.target.write_bytes(b"a stranger's")
    with qtbot.waitSignal(planned.filed) as filed:
        planned.carry_out()
    (failed,) = [one for one in filed.args[0].outcomes if one.status is Status.FAILED]
    assert (failed.photo, failed.reason.code) == (move.photo, Code.TARGET_TAKEN)


def test_a_plan_is_carried_out_once(planned, qtbot):
    with qtbot.waitSignal(planned.filed):
        planned.carry_out()
    with pytest.raises(ValueError, match="no plan"):
        planned.carry_out()


def test_a_decision_after_the_plan_needs_a_new_plan(planned):
    """Promise 8: nothing is moved by a plan that does not know the last decision."""
    planned.decide([1], Decision("tulip"), "words")
    with pytest.raises(ValueError, match="no plan"):
        planned.carry_out()


def test_another_promise_after_the_plan_needs_a_new_plan(planned, qtbot):
    """Promise 8: more photos or fewer are sure now than the plan knows."""
    with qtbot.waitSignal(planned.promised):
        planned.promise(20.0)
    with pytest.raises(ValueError, match="no plan"):
        planned.carry_out()


def test_copying_is_planned_again(planned, qtbot, folder):
    with qtbot.waitSignal(planned.planned) as again:
        planned.make_plan(Transfer.COPY)
    assert again.args[0].plan.transfer is Transfer.COPY
    with qtbot.waitSignal(planned.filed):
        planned.carry_out()
    assert (folder / "rose-99-1.jpg").exists()
    assert (folder / "rose" / "rose-99-1.jpg").exists()


def test_nothing_else_starts_while_photos_are_filed(planned, qtbot, folder, monkeypatch):
    """One change of photos at a time."""
    going_on = Event()
    real = sort.carry_out

    def slow(*arguments):
        assert going_on.wait(20)
        return real(*arguments)

    monkeypatch.setattr(sort, "carry_out", slow)
    planned.carry_out()
    try:
        assert planned.busy is Busy.FILING
        with pytest.raises(ValueError, match="being filed"):
            planned.look(sort.SortRequest(folder))
    finally:
        going_on.set()
    qtbot.waitUntil(lambda: planned.busy is Busy.NOTHING)


def test_closing_keeps_decisions_that_were_just_taken(session, qtbot, sort_folder, folder, monkeypatch):
    sort_folder(folder)
    kept = {}
    monkeypatch.setattr("flowersorter.jobs.decide.remember", lambda _home, decisions: kept.update(decisions))
    for row in (1, 2, 3):
        session.decide([row], Decision(f"species {row}"), "words")
    session.close()
    assert sorted(decision.species for decision in kept.values()) == ["species 1", "species 2", "species 3"]


def test_what_is_taken_back_of_one_copy_is_still_known_of_the_other(
    session, qtbot, sort_folder, tmp_path, home
):
    make_photos(tmp_path / "twins", "rose-40-1.jpg")
    shutil.copy2(tmp_path / "twins" / "rose-40-1.jpg", tmp_path / "twins" / "rose-40-2.jpg")
    sort_folder(tmp_path / "twins")
    digest = session.review.photos[0].digest
    for row in (0, 1):
        session.decide([row], Decision("rose"), "words")
    session.undo_stack.undo()
    session.close()
    assert session.review.decision(1) is None
    with Library.open(home.library_file) as library:
        assert library.decision(digest, None) == Decision("rose")


def test_what_was_said_of_a_photo_in_an_album_is_known_after_starting_over(
    session, qtbot, sort_folder, folder
):
    """The window says so when it asks; the photo was not read, so its bytes are not known."""
    make_photos(folder / "Wedding", "rose-98-5.jpg", "rose-98-6.jpg")
    sort_folder(folder, recursive=True)
    rows = [row for row, one in enumerate(session.review.photos) if one.photo.album is not None]
    session.decide(rows, Decision("rose"), "words")
    session.decide(rows[1:], None, "words")
    (said, taken_back) = (session.review.photos[row].photo.path for row in rows)
    sort_folder(folder, recursive=True)
    assert session.review.decisions == {said: Decision("rose")}
    said.write_bytes(b"another photo")
    sort_folder(folder, recursive=True)
    assert taken_back not in session.review.decisions
    assert said not in session.review.decisions


def test_what_is_taken_back_of_every_copy_is_forgotten(session, qtbot, sort_folder, tmp_path, home):
    make_photos(tmp_path / "twins", "rose-40-1.jpg")
    shutil.copy2(tmp_path / "twins" / "rose-40-1.jpg", tmp_path / "twins" / "rose-40-2.jpg")
    sort_folder(tmp_path / "twins")
    session.decide([0, 1], Decision("rose"), "words")
    session.decide([0, 1], None, "words")
    session.close()
    with Library.open(home.library_file) as library:
        assert library.decision(session.review.photos[0].digest, None) is None


def test_decisions_that_could_not_be_kept_are_kept_later(session, qtbot, sort_folder, folder, monkeypatch):
    sort_folder(folder)
    kept = {}

    def full(_home, _decisions):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flowersorter.jobs.decide.remember", full)
    with qtbot.waitSignal(session.not_saved), qtbot.assertNotEmitted(session.failed):
        session.decide([1], Decision("first"), "words")
    monkeypatch.setattr("flowersorter.jobs.decide.remember", lambda _home, decisions: kept.update(decisions))
    session.decide([2], Decision("second"), "words")
    qtbot.waitUntil(lambda: len(kept) == 2)
    assert sorted(decision.species for decision in kept.values()) == ["first", "second"]


@pytest.mark.parametrize("taught", [("daisy", "rose"), ("daisy", "Margerite")])
def test_two_species_of_the_model_never_share_a_folder(
    session, qtbot, sort_folder, recogniser, tmp_path, taught
):
    """Promise 11: "Margerite" is the daisy's folder, unless the model tells the two apart."""
    recogniser.info = model_info(taught)
    make_photos(tmp_path / "garden", "daisy-95-1.jpg")
    (tmp_path / "garden" / "Margerite").mkdir()
    sort_folder(tmp_path / "garden")
    with qtbot.waitSignal(session.planned) as planned:
        session.make_plan()
    (move,) = planned.args[0].plan.moves
    assert move.target.parent.name == ("daisy" if "Margerite" in taught else "Margerite")
