from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.labels import clouds, lesson_of

from flowersorter.learning.fitting import Examples
from flowersorter.learning.lesson import calibration_of, learn_head
from flowersorter.learning.parts import write_synced
from flowersorter.learning.strangers_file import STRANGERS, read_strangers, strangers_bytes
from flowersorter.learning.strangers_fit import SENT_AWAY, learn_strangers
from flowersorter.progress import Cancelled, silent

COUNTS = {"daisy": 60, "rose": 60, "tulip": 60}
TAUGHT = lesson_of(clouds(COUNTS, spread=0.3))
FRESH = clouds(COUNTS, spread=0.3, seed=7).features
DAHLIAS = clouds({**COUNTS, "dahlia": 60}, spread=0.3, seed=7).features[-60:]


def test_unlike_photos_are_strangers_and_like_ones_are_not() -> None:
    strangers, _ = learn_strangers(TAUGHT.examples, TAUGHT.folds, TAUGHT.groups)
    assert strangers is not None
    assert strangers.among(DAHLIAS).mean() > 0.9
    assert strangers.among(FRESH).mean() < 3 * SENT_AWAY


def test_at_most_a_twentieth_of_the_taught_is_sent_away() -> None:
    _, strange = learn_strangers(TAUGHT.examples, TAUGHT.folds, TAUGHT.groups)
    assert 0 < strange.mean() <= SENT_AWAY


def test_the_part_that_is_caught_is_told() -> None:
    """Clouds far apart are all caught; where the species look the same, no more than chance is."""
    apart, _ = learn_strangers(TAUGHT.examples, TAUGHT.folds, TAUGHT.groups)
    alike = np.random.default_rng(0).integers(0, 3, len(TAUGHT.folds))
    mixed, _ = learn_strangers(replace(TAUGHT.examples, labels=alike), TAUGHT.folds, TAUGHT.groups)
    assert apart is not None
    assert mixed is not None
    assert apart.caught is not None
    assert mixed.caught is not None
    assert apart.caught > 0.9
    assert mixed.caught < 0.3


def test_two_species_leave_nothing_to_leave_out() -> None:
    pair = lesson_of(clouds({"daisy": 40, "rose": 40}))
    strangers, _ = learn_strangers(pair.examples, pair.folds, pair.groups)
    assert strangers is not None
    assert strangers.caught is None


@pytest.mark.parametrize("counts", [{"daisy": 10, "rose": 10}, {"daisy": 80}])
def test_too_little_makes_no_strangers(counts: dict[str, int]) -> None:
    few = lesson_of(clouds(counts))
    strangers, strange = learn_strangers(few.examples, few.folds, few.groups)
    assert strangers is None
    assert not strange.any()


def test_calibration_knows_who_is_a_stranger() -> None:
    learned = learn_head(TAUGHT, silent)
    calibration = calibration_of(learned.answers)
    assert calibration.stranger is not None
    assert calibration.stranger.any()
    assert calibration.stranger.tolist() == [answer.stranger for answer in learned.answers]


def test_it_can_be_cancelled() -> None:
    def stop(event: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        learn_strangers(TAUGHT.examples, TAUGHT.folds, TAUGHT.groups, stop)


def test_the_model_file_keeps_them(tmp_path: Path) -> None:
    strangers, _ = learn_strangers(TAUGHT.examples, TAUGHT.folds, TAUGHT.groups)
    assert strangers is not None
    entry = write_synced(tmp_path / STRANGERS, strangers_bytes(strangers))
    read = read_strangers(tmp_path, {"files": {STRANGERS: entry}}, 512)
    assert read is not None
    assert read.caught == strangers.caught
    assert np.allclose(read.unlikeness(FRESH), strangers.unlikeness(FRESH), rtol=1e-3)
    assert read_strangers(tmp_path, {"files": {}}, 512) is None


def test_photos_that_only_teach_have_no_say_in_the_limit() -> None:
    """The layers have learned these: nearer than any new photo, they would make the limit too strict."""
    near = TAUGHT.examples.features.copy()
    places = np.arange(len(near)) % 2 == 0
    for label in np.unique(TAUGHT.examples.labels):
        own = places & (TAUGHT.examples.labels == label)
        near[own] = near[own].mean(axis=0)
    examples = replace(TAUGHT.examples, features=near)
    counted, _ = learn_strangers(examples, TAUGHT.folds, TAUGHT.groups)
    fair, strange = learn_strangers(
        examples, TAUGHT.folds, TAUGHT.groups, uncounted=np.flatnonzero(places).tolist()
    )
    assert counted is not None
    assert fair is not None
    assert fair.limit > counted.limit
    assert not strange[places].any()


@pytest.mark.parametrize("seed", range(3))
def test_copies_of_one_picture_for_each_species_teach_all_the_same(seed: int) -> None:
    """What they spread is nothing but the rounding of float32."""
    dice = np.random.default_rng(seed)
    pictures = np.abs(dice.normal(0.8, 0.5, (2, 512))).astype(np.float16).astype(np.float32)
    copies = lesson_of(Examples(pictures[np.repeat([0, 1], 40)], np.repeat([0, 1], 40), ("daisy", "rose")))
    strangers, strange = learn_strangers(copies.examples, copies.folds, copies.groups)
    assert strangers is not None
    assert strange.shape == (80,)


def test_a_species_that_is_there_once_has_no_say_in_how_far_a_photo_may_be() -> None:
    """To the measure that never saw it, it is a stranger: with forty of them nobody would be one."""
    rare = {f"rare {number}": 1 for number in range(40)}
    lesson = lesson_of(clouds({**COUNTS, **rare}, spread=0.3))
    strangers, strange = learn_strangers(lesson.examples, lesson.folds, lesson.groups)
    assert strangers is not None
    others = clouds({**COUNTS, **rare, "dahlia": 60}, spread=0.3, seed=7).features[-60:]
    assert strangers.among(others).mean() > 0.9
    assert not strange[-40:].any()


def test_the_same_scene_on_both_sides_of_a_split_does_not_make_the_limit_stricter() -> None:
    """Half of what was held back are copies of what was taught: nearer than any new photo."""
    features = TAUGHT.examples.features.copy()
    twins = np.arange(0, len(features), 2)
    features[twins] = features[twins + 1]
    groups = [str(place // 2) for place in range(len(features))]
    folds = np.array([1 + (place // 2) % 4 if place % 2 else 0 for place in range(len(features))])
    examples = replace(TAUGHT.examples, features=features)
    fair, _ = learn_strangers(examples, folds, groups)
    leaking, _ = learn_strangers(examples, folds, TAUGHT.groups)
    assert fair is not None
    assert leaking is not None
    assert fair.among(FRESH).mean() < 3 * SENT_AWAY < leaking.among(FRESH).mean()
