"""Comparing a model with the one before: by groups, on common photos and species only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.labels import digest_of

from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.compare import Comparison, compare
from flowersorter.learning.evaluate import Answer
from flowersorter.learning.past_answers import PastAnswers

SPECIES = ("daisy", "rose")
EARLIER = ModelInfo(
    "garden", 1, Path("/m"), "2026-01-01T00:00:00+00:00", SPECIES, 9, "head", "file", "ab" * 32, "space",
    None, None, "0.1",
)  # fmt: skip


def judge(
    before: Sequence[bool], now: Sequence[bool], groups: Sequence[int] | None = None
) -> Comparison | None:
    """Daisies that each model named right or not; each photo its own group unless `groups` says other."""
    digests = tuple(digest_of(number) for number in range(len(now)))
    past = PastAnswers(
        digests[: len(before)],
        np.zeros(len(before), np.int32),
        np.array([int(not right) for right in before], np.int32),
    )
    answers = [
        Answer(
            Path(f"{n}.jpg"),
            "daisy",
            "daisy" if right else "rose",
            0.9,
            str(groups[n] if groups else n),
            in_top3=True,
        )
        for n, right in enumerate(now)
    ]
    return compare(EARLIER, past, answers, digests)


def names(answers: tuple[Answer, ...]) -> list[str]:
    return [answer.path.name for answer in answers]


def test_it_lists_what_became_right_and_wrong() -> None:
    found = judge([True, False, False, True, True, True], [False, True, True, True, True, True])
    assert found is not None
    assert names(found.now_right) == ["1.jpg", "2.jpg"]
    assert names(found.now_wrong) == ["0.jpg"]
    assert found.photos == 6
    assert found.difference == pytest.approx(1 / 6)
    assert found.interval is not None
    assert found.interval[0] < found.difference < found.interval[1]
    assert found.taken


def test_a_clearly_worse_model_is_not_taken() -> None:
    """Promise 20."""
    found = judge([True] * 40, [False] * 20 + [True] * 20)
    assert found is not None
    assert found.interval is not None
    assert found.interval[1] < 0
    assert not found.taken


def test_a_little_worse_may_be_chance_and_is_taken() -> None:
    found = judge([True] * 40, [False] + [True] * 39)
    assert found is not None
    assert found.difference < 0
    assert found.taken


def test_a_burst_of_twins_counts_as_one() -> None:
    """Twenty photos of one burst went wrong: one group of twenty-one is no proof."""
    found = judge([True] * 40, [False] * 20 + [True] * 20, groups=[0] * 20 + list(range(1, 21)))
    assert found is not None
    assert found.taken


def test_too_few_groups_say_nothing() -> None:
    found = judge([True] * 4, [False] * 4)
    assert found is not None
    assert (found.interval, found.taken) == (None, True)


def test_photos_and_species_that_only_one_knows_are_left_out() -> None:
    found = judge([True], [True, False, False])
    assert found is not None
    assert found.photos == 1
    stranger = Answer(Path("x.jpg"), "tulip", "tulip", 0.9, "g", in_top3=True)
    past = PastAnswers((digest_of(0),), np.zeros(1, np.int32), np.zeros(1, np.int32))
    assert compare(EARLIER, past, [stranger], [digest_of(0)]) is None
    assert judge([], [True, True]) is None


def test_a_photo_that_was_given_another_species_is_judged_by_its_label_now() -> None:
    """The earlier model had called a rose a daisy, as the label then said."""
    past = PastAnswers((digest_of(0),), np.zeros(1, np.int32), np.zeros(1, np.int32))
    relabelled = Answer(Path("x.jpg"), "rose", "rose", 0.9, "g", in_top3=True)
    found = compare(EARLIER, past, [relabelled], [digest_of(0)])
    assert found is not None
    assert names(found.now_right) == ["x.jpg"]
