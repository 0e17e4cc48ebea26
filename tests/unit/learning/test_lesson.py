from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.labels import clouds, digest_of, lesson_of

from flowersorter.jobs.saving import model_of
from flowersorter.learning import lesson as lessons
from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.dataset import LabelledPhoto
from flowersorter.learning.evaluate import validate
from flowersorter.learning.feature_store import PhotoFacts
from flowersorter.learning.features import Seen
from flowersorter.learning.fitting import Examples, fit_head
from flowersorter.learning.lesson import Learned, Lesson, calibration_of, learn_head, make_lesson
from flowersorter.learning.split import FOLDS
from flowersorter.progress import silent

COUNTS = {"daisy": 30, "rose": 25, "tulip": 20}


def learned(lesson: Lesson) -> Learned:
    return learn_head(lesson, silent)


def test_every_photo_is_answered_once_and_in_order() -> None:
    lesson = replace(lesson_of(clouds(COUNTS)), corrected=frozenset({3}))
    result = learned(lesson)
    answered = [place for place in range(75) if place != 3]
    assert [int(answer.path.stem) for answer in result.answers] == answered
    assert result.digests == tuple(lesson.digests[place] for place in answered)
    assert result.reported == result.answers
    assert sum(answer.correct for answer in result.answers) > 60
    assert result.epochs
    assert all(0 < answer.confidence <= 1 for answer in result.answers)


def test_no_answer_comes_from_a_head_that_saw_the_group() -> None:
    """Noise for labels, photos in equal pairs: a head that saw the twin knows, an honest one cannot."""
    dice = np.random.default_rng(0)
    features = np.repeat(np.abs(dice.normal(size=(60, 512))), 2, axis=0).astype(np.float32)
    labels = np.repeat(dice.integers(0, 2, 60), 2)
    examples = Examples(features, labels, ("heads", "tails"))
    pairs = [digest_of(number // 2) for number in range(120)]
    honest = learned(lesson_of(examples, pairs))
    assert 0.2 < np.mean([answer.correct for answer in honest.answers]) < 0.75
    leaking = learned(lesson_of(examples))
    assert np.mean([answer.correct for answer in leaking.answers]) > 0.8


def test_the_strength_is_chosen_without_the_judged_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[int]] = []

    def spy(examples: Examples, splits: list[tuple[np.ndarray, np.ndarray]], report: object) -> float:
        seen.append({int(place) for pair in splits for mask in pair for place in np.flatnonzero(mask)})
        return 0.1

    monkeypatch.setattr(lessons, "choose_strength", spy)
    lesson = lesson_of(clouds(COUNTS))
    learned(lesson)
    judged = [set(np.flatnonzero(lesson.folds == fold).tolist()) for fold in range(FOLDS)]
    # the folds are fitted side by side, so they ask in any order
    left_out = [[fold for fold in range(FOLDS) if used.isdisjoint(judged[fold])] for used in seen]
    assert all(seen)
    assert sorted(left_out) == [[fold] for fold in range(FOLDS)]


def test_the_last_head_knows_every_photo() -> None:
    lesson = lesson_of(clouds(COUNTS))
    result = learned(lesson)
    assert result.head.species == tuple(COUNTS)
    found = result.head.predict(lesson.examples.features).argmax(axis=1)
    assert (found == lesson.examples.labels).mean() > 0.97


def test_a_split_that_people_made_decides_what_is_reported() -> None:
    examples = clouds(COUNTS)
    folds = np.array([0 if place % 3 == 0 else 1 + place % 4 for place in range(75)])
    result = learned(replace(lesson_of(examples), folds=folds, given=True))
    assert [int(answer.path.stem) for answer in result.reported] == list(range(0, 75, 3))
    assert len(result.answers) == 75


def test_a_species_with_one_photo_is_taught_but_not_judged() -> None:
    lesson = lesson_of(clouds({**COUNTS, "orchid": 1}))
    result = learned(lesson)
    assert "orchid" in result.head.species
    assert {answer.species for answer in result.answers} == set(COUNTS)
    best = result.head.predict(lesson.examples.features[-1:]).argmax()
    assert result.head.species[best] == "orchid"


def test_photos_of_species_that_cannot_be_tested_calibrate() -> None:
    """They are no figure; but whoever promises so many wrong in 100 must know that such photos come."""
    rare = {f"rare {number}": 1 for number in range(20)}
    result = learned(replace(lesson_of(clouds({**COUNTS, **rare})), corrected=frozenset({75})))
    assert {answer.species for answer in result.untested} == set(rare) - {"rare 0"}
    assert not any(answer.correct for answer in result.untested)
    assert {answer.species for answer in result.reported} == set(COUNTS)
    info = ModelInfo("x", 1, Path(), "", tuple(COUNTS), 1, "head", "", "", "", None, None, "")
    calibration = model_of(info, result, validate(result.reported, result.head.species)).calibration
    assert len(calibration.confidence) == 75 + 19
    assert not calibration.correct[75:].any()


def test_species_that_the_inner_part_lacks_do_not_choose_the_strength() -> None:
    """What they cost grows with boldness alone, so that the most cautious strength would always win."""
    rare = {f"rare {number}": 1 for number in range(20)}
    lesson = lesson_of(clouds({**COUNTS, **rare}))
    splits = lessons._inner_splits(lesson, 0, lesson.folds != 0)
    assert splits
    for inner_teaching, judging in splits:
        labels = lesson.examples.labels
        assert set(labels[judging]) <= set(labels[inner_teaching])


def test_two_photos_are_enough_to_teach_and_too_few_to_judge() -> None:
    result = learned(lesson_of(clouds({"daisy": 1, "rose": 1})))
    assert result.answers == ()
    assert result.head.predict(clouds({"daisy": 1, "rose": 1}).features).argmax(axis=1).tolist() == [0, 1]


def test_parts_and_folds_come_from_the_labels_and_the_facts() -> None:
    photos = [LabelledPhoto(Path("a"), "rose", "train"), LabelledPhoto(Path("b"), "tulip", "val")]
    seen = [
        Seen(photo.path, digest_of(n), np.zeros(512, np.float32), PhotoFacts(digest_of(n)))
        for n, photo in enumerate(photos)
    ]
    lesson = make_lesson(photos, seen, ("rose", "tulip"))
    assert lesson.given
    assert lesson.folds[0] in (1, 2, 3, 4)
    assert lesson.folds[1] == 0
    assert lesson.examples.labels.tolist() == [0, 1]


def test_calibration_numbers_the_groups() -> None:
    pairs = [digest_of(number // 2) for number in range(75)]
    result = learned(lesson_of(clouds(COUNTS), pairs))
    calibration = calibration_of(result.answers)
    assert len(np.unique(calibration.group)) == len({answer.group for answer in result.answers})
    assert calibration.correct.tolist() == [answer.correct for answer in result.answers]


def test_teaching_twice_gives_the_same_model() -> None:
    one, other = learned(lesson_of(clouds(COUNTS))), learned(lesson_of(clouds(COUNTS)))
    assert np.array_equal(one.head.weight, other.head.weight)
    assert one.answers == other.answers


def test_a_head_on_everything_equals_a_plain_fit() -> None:
    examples = clouds({"daisy": 1, "rose": 1})
    assert np.array_equal(
        learned(lesson_of(examples)).head.weight, fit_head(examples, lessons.CAUTIOUS)[0].weight
    )


def test_photos_that_only_teach_do_not_choose_the_strength() -> None:
    whole = lesson_of(clouds({"daisy": 30, "rose": 30}))
    lesson = replace(whole, corrected=frozenset(range(0, 60, 2)))
    teaching = lesson.folds != 0
    splits = lessons._inner_splits(lesson, 0, teaching)
    assert splits
    for inner_teaching, judging in splits:
        assert judging.any()
        assert not judging[::2].any()
        assert inner_teaching[::2].any()
