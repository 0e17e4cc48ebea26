from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.learning.evaluate import Answer, accuracy_interval, validate, without_unmet

SPECIES = ("daisy", "rose", "tulip")


def answer(label: str, guess: str, group: str, *, top3: bool = True) -> Answer:
    return Answer(Path(f"{group}.jpg"), label, guess, 0.8, group, top3)


def answers(right: int, wrong: int, per_group: int = 1) -> list[Answer]:
    said = [answer("rose", "rose", f"r{n // per_group}") for n in range(right)]
    return said + [answer("rose", "tulip", f"w{n // per_group}") for n in range(wrong)]


def test_rows_are_labels_and_columns_are_guesses() -> None:
    said = [answer("rose", "tulip", str(n)) for n in range(3)]
    said += [answer("tulip", "tulip", "t"), answer("rose", "rose", "r", top3=False)]
    figures = validate(said, SPECIES)
    assert figures.confusion == ((0, 0, 0), (0, 1, 3), (0, 0, 1))
    assert figures.photos == 5
    assert figures.accuracy == 2 / 5
    assert figures.top3 == 4 / 5
    daisy, rose, tulip = figures.per_species
    assert (rose.photos, rose.precision, rose.recall) == (4, 1.0, 0.25)
    assert (tulip.photos, tulip.precision, tulip.recall) == (1, 0.25, 1.0)
    assert (daisy.photos, daisy.precision, daisy.recall) == (0, None, None)


def test_below_five_groups_it_is_too_few_to_say() -> None:
    said = answers(5, 0) + [answer("tulip", "tulip", f"t{n // 10}") for n in range(40)]
    few = {figures.species: figures.too_few for figures in validate(said, SPECIES).per_species}
    assert few == {"daisy": True, "rose": False, "tulip": True}


def test_no_answers_no_figures() -> None:
    figures = validate([], SPECIES)
    assert (figures.photos, figures.accuracy, figures.interval, figures.top3) == (0, None, None, None)


def test_the_interval_is_that_of_independent_photos() -> None:
    low, high = accuracy_interval(answers(900, 100)) or (0, 0)
    deviation = (0.9 * 0.1 / 1000) ** 0.5
    assert low == pytest.approx(0.9 - 1.96 * deviation, abs=0.003)
    assert high == pytest.approx(0.9 + 1.96 * deviation, abs=0.003)


def test_photos_of_one_scene_are_not_independent() -> None:
    """Ten photos a scene: the interval is about the root of ten times as wide."""
    one = np.diff(accuracy_interval(answers(900, 100)) or (0, 0))[0]
    ten = np.diff(accuracy_interval(answers(900, 100, per_group=10)) or (0, 0))[0]
    assert ten / one == pytest.approx(10**0.5, rel=0.15)


def test_all_right_is_not_certainty() -> None:
    assert accuracy_interval(answers(20, 0)) == (pytest.approx(0.8316, abs=1e-3), 1.0)
    assert accuracy_interval(answers(0, 20)) == (0.0, pytest.approx(0.1684, abs=1e-3))


def test_few_scenes_say_little() -> None:
    """Drawn again, one burst of which 7 of 10 are right would always be 70 of 100."""
    burst = [answer("rose", "rose" if n < 7 else "tulip", "one") for n in range(10)]
    assert accuracy_interval(burst) == (0.0, 1.0)
    low, high = accuracy_interval(answers(15, 5, per_group=10)) or (1, 0)
    assert low < 0.5 < 0.95 < high


def test_the_interval_is_the_same_every_time() -> None:
    assert accuracy_interval(answers(50, 9), seed=3) == accuracy_interval(answers(50, 9), seed=3)


def test_species_that_nobody_met_are_left_out_but_never_ones_own() -> None:
    species = ("aster", "daisy", "lily", "rose")
    answers = [
        Answer(Path("a"), "rose", "rose", 0.9, "a", in_top3=True),
        Answer(Path("b"), "rose", "daisy", 0.9, "b", in_top3=True),
    ]
    whole = validate(answers, species)
    seen = without_unmet(whole, ("lily",))
    assert seen.species == ("daisy", "lily", "rose")
    assert seen.confusion == ((0, 0, 0), (0, 0, 0), (1, 0, 1))
    assert [one.species for one in seen.per_species] == ["daisy", "lily", "rose"]
    assert (seen.photos, seen.accuracy) == (whole.photos, whole.accuracy)
