"""What looks misfiled, and what is there twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.learning.evaluate import Answer
from flowersorter.learning.feature_store import PhotoFacts
from flowersorter.learning.lesson import answers_of
from flowersorter.learning.suspects import CheckedPhoto, Finding, Kind, find_suspects, misfiled_answers

SPECIES = ("rose", "tulip")


def answer(name: str, label: str, rose: float) -> Answer:
    (one,) = answers_of([Path(label) / name], [label], [name], SPECIES, np.array([[rose, 1 - rose]]))
    return one


def photo(
    path: str, *, digest: str = "", pixels: str = "", bits: int | None = None, side: int = 100
) -> CheckedPhoto:
    facts = PhotoFacts(digest or path, pixels or path, bits, width=side, height=side)
    return CheckedPhoto(Path(path), Path(path).parent.name, facts)


def names(findings: tuple[Finding, ...]) -> list[tuple[Kind, list[str]]]:
    return [(one.kind, [str(each.path) for each in one.photos]) for one in findings]


def test_an_answer_says_how_sure_it_is_of_the_label() -> None:
    assert answer("a", "rose", 0.25).label_confidence == 0.25
    assert answer("a", "aster", 0.25).label_confidence == 0.0


def test_a_photo_is_misfiled_where_another_species_reaches_its_own_threshold() -> None:
    """Thresholds here: rose (0.9 + 0.9 + 0.28) / 3 = 0.69, tulip (0.9 + 0.8 + 0.4) / 3 = 0.7."""
    answers = [
        answer("a", "rose", 0.9),
        answer("b", "rose", 0.9),
        answer("wrong", "rose", 0.28),  # 0.72 sure of tulip: just there
        answer("c", "tulip", 0.1),
        answer("d", "tulip", 0.2),
        answer("doubtful", "tulip", 0.6),  # 0.6 sure of rose: below the threshold of roses
    ]
    assert [one.path.name for one in misfiled_answers(answers)] == ["wrong"]


def test_the_surest_is_listed_first_and_the_order_of_the_input_does_not_matter() -> None:
    names_of = {"a": 0.9, "b": 0.95, "c": 0.02, "d": 0.1}
    photos = [photo(f"rose/{name}") for name in names_of] + [photo("tulip/e"), photo("tulip/f")]
    answers = [answer(name, "rose", rose) for name, rose in names_of.items()]
    answers += [answer("e", "tulip", 0.1), answer("f", "tulip", 0.2)]
    found = find_suspects(photos, answers)
    assert names(found) == [(Kind.MISFILED, ["rose/c"]), (Kind.MISFILED, ["rose/d"])]
    assert [one.suggestion for one in found] == ["tulip", "tulip"]
    assert found[0].strength == pytest.approx(0.96)
    assert find_suspects(photos[::-1], answers[::-1]) == found


@pytest.mark.parametrize("equal", [{"digest": "d"}, {"pixels": "p"}])
def test_the_same_photo_in_two_species_comes_first_and_is_not_named_twice(equal: dict[str, str]) -> None:
    photos = [photo("rose/a", **equal), photo("tulip/b", **equal), photo("tulip/c"), photo("rose/d")]
    answers = [
        answer("a", "rose", 0.05),
        answer("d", "rose", 0.9),
        answer("b", "tulip", 0.05),
        answer("c", "tulip", 0.1),
    ]
    (found,) = find_suspects(photos, answers)
    assert found.kind is Kind.TWO_SPECIES
    assert found.suggestion == "tulip"
    assert [(one.species, one.surplus) for one in found.photos] == [("tulip", False), ("rose", True)]


def test_nobody_knows_which_of_two_species_without_an_answer() -> None:
    (found,) = find_suspects([photo("rose/a", digest="d"), photo("tulip/b", digest="d")], [])
    assert found.suggestion is None
    assert not any(one.surplus for one in found.photos)


def test_of_twins_the_largest_is_kept_then_the_shortest_name() -> None:
    twins = [photo("rose/a (2).jpg", pixels="p"), photo("rose/a.jpg", pixels="p")]
    assert names(find_suspects(twins, [])) == [(Kind.TWIN, ["rose/a.jpg", "rose/a (2).jpg"])]
    near = [photo("rose/a.jpg", bits=0b1, side=50), photo("rose/longer.jpg", bits=0b11, side=100)]
    (found,) = find_suspects(near, [])
    assert found.kind is Kind.NEAR_TWIN
    assert [(str(one.path), one.surplus) for one in found.photos] == [
        ("rose/longer.jpg", False),
        ("rose/a.jpg", True),
    ]
    assert found.strength == pytest.approx(63 / 64)


def test_unlike_photos_are_no_twins() -> None:
    assert find_suspects([photo("rose/a", bits=0), photo("rose/b", bits=0b1111)], []) == ()


def test_twins_are_not_named_again_as_near_twins() -> None:
    photos = [
        photo("rose/a", pixels="p", bits=1),
        photo("rose/b", pixels="p", bits=1),
        photo("rose/c", bits=3),
    ]
    assert names(find_suspects(photos, [])) == [
        (Kind.TWIN, ["rose/a", "rose/b"]),
        (Kind.NEAR_TWIN, ["rose/a", "rose/c"]),
    ]
