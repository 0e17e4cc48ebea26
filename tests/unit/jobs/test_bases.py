"""Choosing between bases: by photos that the chosen one will not be judged on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.labels import clouds, lesson_of

from flowersorter.jobs import bases
from flowersorter.jobs.bases import SAMPLE, better_base, surprise, winner
from flowersorter.jobs.weights import Base
from flowersorter.learning import backbone
from flowersorter.learning.dataset import Labelled, LabelledPhoto
from flowersorter.learning.evaluate import Answer
from flowersorter.learning.lesson import Lesson
from flowersorter.progress import Cancelled, Progress

FIRST, SECOND = Base("imagenet", Path("first.pth")), Base("builtin", Path("second.safetensors"))
UNFAIR: set[str] = set()
COUNTS = {"daisy": 30, "rose": 30, "tulip": 30}
LABELLED = Labelled(Path("garden"), tuple(LabelledPhoto(Path(f"{n}.jpg"), "rose") for n in range(90)))


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> dict[Path, Lesson]:
    """What each base makes of the photos; nothing is read."""
    made: dict[Path, Lesson] = {}
    monkeypatch.setattr(backbone, "load_backbone", lambda path: path)
    monkeypatch.setattr(bases, "learned_by_layers", lambda: UNFAIR)
    monkeypatch.setattr(bases, "read_lesson", lambda _some, path, *_rest: (made[path], ()))
    return made


def choose(report: object = lambda _event: None) -> bases.BasesTried:
    return better_base(LABELLED, (FIRST, SECOND), None, None, report)  # type: ignore[arg-type]


def test_the_better_base_is_taken_wherever_it_stands(lessons: dict[Path, Lesson]) -> None:
    clear, blurred = lesson_of(clouds(COUNTS)), lesson_of(clouds(COUNTS, spread=12.0))
    lessons.update({FIRST.path: blurred, SECOND.path: clear})
    tried = choose()
    assert tried.taken == SECOND
    assert [one.base for one in tried.tried] == [FIRST, SECOND]
    assert tried.tried[0].accuracy < tried.tried[1].accuracy
    lessons.update({FIRST.path: clear, SECOND.path: blurred})
    assert choose().taken == FIRST


def test_bases_that_are_equally_good_stay_in_their_order(lessons: dict[Path, Lesson]) -> None:
    lesson = lesson_of(clouds(COUNTS))
    lessons.update({FIRST.path: lesson, SECOND.path: lesson})
    assert choose().taken == FIRST


def test_a_base_that_is_better_by_one_fold_only_is_not_taken() -> None:
    """That fold would choose the base that answers it, and its figures would flatter."""
    folds = {Path(f"{n}.jpg"): n % 5 for n in range(50)}

    def answers(confidence: float, in_last_fold: float) -> list[Answer]:
        sure = {path: in_last_fold if fold == 4 else confidence for path, fold in folds.items()}
        return [
            Answer(path, "rose", "rose", 0.9, str(path), in_top3=True, label_confidence=value)
            for path, value in sure.items()
        ]

    better_but_once = answers(0.9, 0.1)
    assert winner([better_but_once, answers(0.8, 0.8)], folds) == 0
    assert winner([answers(0.8, 0.8), better_but_once], folds) == 0
    assert winner([answers(0.8, 0.8), answers(0.9, 0.9)], folds) == 1
    assert winner([answers(0.2, 0.2), better_but_once, answers(0.8, 0.8)], folds) == 0


def test_photos_that_the_built_in_layers_learned_have_no_say(
    lessons: dict[Path, Lesson], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is perfect on these, and would always win; on the others the first is better."""
    clear = lesson_of(clouds(COUNTS))
    learned = np.arange(90) % 3 > 0
    mixed = clear.examples.features.copy()
    mixed[~learned] = lesson_of(clouds(COUNTS, spread=12.0)).examples.features[~learned]
    flattering = replace(clear, examples=replace(clear.examples, features=mixed))
    somewhat = lesson_of(clouds(COUNTS, spread=3.0))
    lessons.update({FIRST.path: flattering, SECOND.path: somewhat})
    digests = {clear.digests[place] for place in np.flatnonzero(learned)}
    monkeypatch.setattr(bases, "learned_by_layers", lambda: digests)
    tried = choose()
    assert tried.taken == SECOND
    assert tried.tried[0].accuracy < tried.tried[1].accuracy


def test_only_progress_is_told_and_cancel_gets_through(lessons: dict[Path, Lesson]) -> None:
    lesson = lesson_of(clouds(COUNTS))
    lessons.update({FIRST.path: lesson, SECOND.path: lesson})
    events: list[object] = []
    choose(events.append)
    assert events
    assert all(isinstance(event, Progress) for event in events)

    def cancel(event: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        choose(cancel)


def test_a_sample_has_a_share_of_every_species() -> None:
    photos = tuple(LabelledPhoto(Path(f"{n}.jpg"), f"species {n // 500}") for n in range(5000))
    some = bases._sample(Labelled(Path("garden"), photos))
    assert len(some.photos) <= SAMPLE
    assert [sum(one.species == name for one in some.photos) for name in some.species] == [100] * 10


def test_a_sample_has_every_species_however_rare() -> None:
    photos = tuple(LabelledPhoto(Path(f"{n}.jpg"), "rare" if n == 1001 else "common") for n in range(1002))
    some = bases._sample(Labelled(Path("garden"), photos))
    assert [sum(one.species == name for one in some.photos) for name in ("common", "rare")] == [501, 1]


def test_a_sample_of_a_thousand_species_can_be_judged() -> None:
    """One photo of each cannot be: whoever answers it never met its species."""
    photos = tuple(LabelledPhoto(Path(f"{n}.jpg"), f"species {n // 20}") for n in range(20_000))
    some = bases._sample(Labelled(Path("garden"), photos))
    assert {sum(one.species == name for one in some.photos) for name in some.species[:20]} == {bases.OF_EACH}


def test_surprise_is_the_log_loss_and_one_answer_cannot_decide_alone() -> None:
    right = Answer(Path("x"), "rose", "rose", 0.5, "0", in_top3=True, label_confidence=0.5)
    assert surprise([right, right]) == pytest.approx(np.log(2))
    assert surprise([replace(right, label_confidence=0.0)]) < 20
    assert surprise([]) == np.inf
