"""At most N wrong in 100."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flowersorter.learning.binomial import at_most
from flowersorter.learning.calibrate import DELTA, Calibration, least_trials, threshold


def perfect(count: int, confidence: float = 0.99) -> Calibration:
    return Calibration(
        np.full(count, confidence, np.float32), np.ones(count, np.bool_), np.arange(count, dtype=np.int64)
    )


def made(count: int, seed: int) -> Calibration:
    """Answers that are right a little less often than they claim."""
    dice = np.random.default_rng(seed)
    confidence = dice.beta(6, 0.4, count)
    correct = dice.random(count) < confidence**1.2
    return Calibration(confidence.astype(np.float32), correct, np.arange(count, dtype=np.int64))


def test_two_percent_takes_114_photos_without_an_error() -> None:
    """The number of DESIGN.md: 0.98^114 < 0.1 < 0.98^113."""
    assert least_trials(0.02) == 114
    assert threshold(perfect(114), 2).value is not None
    answer = threshold(perfect(113), 2)
    assert answer.value is None
    assert answer.missing == 1


def test_too_few_photos_file_nothing_and_say_how_many_are_missing() -> None:
    answer = threshold(perfect(40), 2)
    assert (answer.value, answer.missing) == (None, 114 - 40)
    assert threshold(perfect(0), 2).missing == 114


def test_more_photos_of_a_hopeless_kind_do_not_help() -> None:
    wrong = Calibration(np.full(500, 0.9, np.float32), np.zeros(500, np.bool_), np.arange(500))
    assert threshold(wrong, 2) == threshold(wrong, 5)
    assert threshold(wrong, 2).value is threshold(wrong, 2).missing is None


def test_a_scene_counts_once() -> None:
    """200 photos of 20 scenes are 20 trials, and a scene with one wrong photo is wrong."""
    many = perfect(200)
    scenes = Calibration(many.confidence, many.correct, many.group // 10)
    assert threshold(scenes, 2).value is None
    assert threshold(scenes, 12).value is not None
    correct = many.correct.copy()
    correct[::10] = False
    assert threshold(Calibration(many.confidence, correct, scenes.group), 12).value is None


def test_long_bursts_that_went_wrong_are_many_photos() -> None:
    """1,000 single photos that are right, and 8 scenes of 40 that are not: 8 of 1,008, and 24 of 100."""
    group = np.concatenate([np.arange(1000), 1000 + np.repeat(np.arange(8), 40)])
    bursts = Calibration(np.full(1320, 0.99, np.float32), group < 1000, group)
    assert threshold(bursts, 2).value is threshold(bursts, 2).missing is None
    assert threshold(bursts, 25).value is not None


def mixed(photos: int) -> Calibration:
    """The surest 47 of 100 are right; then come errors."""
    right = round(0.47 * photos)
    confidence = np.where(np.arange(photos) < right, 0.99, 0.9).astype(np.float32)
    return Calibration(confidence, np.arange(photos) < right, np.arange(photos))


def test_so_many_photos_as_are_missing_would_do() -> None:
    """Once it said "about 1 more", for ever: with more photos, the first threshold tried files more."""
    answer = threshold(mixed(300), 2)
    assert answer.value is None
    assert answer.missing is not None
    assert answer.missing > 100
    assert threshold(mixed(300 + answer.missing), 2).value is not None


def with_strangers(calibration: Calibration, strange: np.ndarray) -> Calibration:
    return replace(calibration, stranger=strange)


def test_strangers_are_not_filed_so_they_do_not_count() -> None:
    half = np.arange(200) % 2 == 0
    assert threshold(with_strangers(perfect(200), half), 2).value is None
    assert threshold(with_strangers(perfect(400), np.tile(half, 2)), 2).value is not None


@pytest.mark.parametrize("seed", range(5))
def test_the_stranger_test_never_makes_the_threshold_laxer(seed: int) -> None:
    """It may send away just the errors: of the rest any would be sure enough, and so would any stranger."""
    calibration = made(2000, seed)
    right = calibration.correct
    errors = with_strangers(calibration, ~right)
    assert threshold(errors, 2) == threshold(calibration, 2)
    without = Calibration(calibration.confidence[right], right[right], calibration.group[right])
    lax, strict = threshold(without, 2).value, threshold(calibration, 2).value
    assert lax is not None
    assert strict is not None
    assert lax < strict


def test_both_ways_must_pass() -> None:
    """A test that sends good photos away needs a stricter threshold than none, and gets it."""
    calibration = made(2000, seed=1)
    good = with_strangers(calibration, calibration.correct & (np.arange(2000) % 3 > 0))
    strict, plain = threshold(good, 2).value, threshold(calibration, 2).value
    assert plain is not None
    assert strict is None or strict > plain


def test_a_laxer_wish_never_files_less() -> None:
    calibration = made(2000, seed=1)
    values = [threshold(calibration, percent).value for percent in (1, 2, 5, 10, 20, 50)]
    known = [value for value in values if value is not None]
    assert len(known) >= 4
    assert known == sorted(known, reverse=True)


@pytest.mark.parametrize("percent", [2, 5, 10])
def test_the_promise_holds_as_often_as_it_says(percent: float) -> None:
    """Over 100 libraries, the true risk is above N in 100 in about one of ten, never much more."""
    broken = certified = 0
    for seed in range(100):
        value = threshold(made(800, seed), percent).value
        if value is None:
            continue
        certified += 1
        fresh = made(40_000, 10_000 + seed)
        sure = fresh.confidence >= value
        broken += (~fresh.correct[sure]).mean() > percent / 100
    assert certified > 50
    assert at_most(broken - 1, 100, DELTA + 0.02) < 0.99  # a rate of 12 % would hardly give so many
