"""Where photos stand: the same as what the plan will do with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowersorter.records import Classified, Code, Decision, Guess, Photo, Reason, Score
from flowersorter.ui.review import EVERYTHING, Kind, Order, PanelRow, Place, Review, Standing, place_of


def photo(name: str, **facts: object) -> Photo:
    return Photo(Path("/garden") / name, 10, 20, **facts)


def guessed(name: str, species: str, confidence: float, *, sure: bool, **facts: object) -> Classified:
    guess = Guess((Score(species, confidence), Score("other", 1 - confidence)), sure)
    return Classified(photo(name, **facts), digest=name, guess=guess)


SURE = guessed("sure", "rose", 0.9, sure=True)
UNSURE = guessed("unsure", "rose", 0.4, sure=False)
FILED = Classified(photo("filed", filed_as="rose"))
ALBUM = Classified(photo("album", album="Wedding"))
BROKEN = Classified(photo("broken"), problem=Reason(Code.UNREADABLE))


@pytest.mark.parametrize(
    ("one", "decision", "place"),
    [
        (SURE, None, Place(Standing.TO_FILE, "rose")),
        (SURE, Decision("tulip"), Place(Standing.TO_FILE, "tulip")),
        (SURE, Decision(None), Place(Standing.LEFT)),
        (UNSURE, None, Place(Standing.UNSURE, "rose")),
        (UNSURE, Decision("rose"), Place(Standing.TO_FILE, "rose")),
        (FILED, None, Place(Standing.FILED, "rose")),
        (FILED, Decision("rose"), Place(Standing.FILED, "rose")),
        (FILED, Decision("tulip"), Place(Standing.TO_FILE, "tulip")),
        (FILED, Decision(None), Place(Standing.FILED, "rose")),
        (ALBUM, None, Place(Standing.ALBUM)),
        (ALBUM, Decision("rose"), Place(Standing.TO_FILE, "rose")),
        (BROKEN, None, Place(Standing.UNREADABLE)),
        (BROKEN, Decision("rose"), Place(Standing.UNREADABLE)),
    ],
)
def test_every_photo_stands_in_one_place(one, decision, place):
    assert place_of(one, decision) == place


def test_counts_follow_decisions():
    review = Review()
    review.add([SURE, UNSURE, FILED, ALBUM, BROKEN])
    rose = PanelRow(Kind.SPECIES, "rose")
    assert review.count(EVERYTHING) == 5
    assert review.count(rose) == 2
    review.set_decisions({UNSURE.photo.path: Decision("rose"), SURE.photo.path: Decision(None)})
    assert review.count(rose) == 2
    assert review.count_standing(Standing.TO_FILE, "rose") == 1
    assert review.count(PanelRow(Kind.LEFT)) == 1
    review.set_decisions({UNSURE.photo.path: None})
    assert review.count(PanelRow(Kind.UNSURE)) == 1
    assert review.count(EVERYTHING) == 5


def test_earlier_decisions_come_with_the_photos():
    review = Review()
    known = Classified(UNSURE.photo, "digest", UNSURE.guess, decision=Decision("tulip"))
    review.add([known])
    assert review.place(0) == Place(Standing.TO_FILE, "tulip")
    assert review.decisions == {UNSURE.photo.path: Decision("tulip")}


def test_number_keys_stay_once_given():
    review = Review()
    review.know(["tulip", "daisy"])
    assert review.keys == {"daisy": 1, "tulip": 2}
    review.add([guessed("new", "aster", 0.9, sure=True)])
    assert review.keys == {"daisy": 1, "tulip": 2, "aster": 3}
    assert review.species_with_key(3) == "aster"


def test_only_nine_species_get_keys():
    review = Review()
    review.add([guessed(f"p{n}", f"species {n:02}", 0.9, sure=True) for n in range(12)])
    assert sorted(review.keys.values()) == list(range(1, 10))


@pytest.mark.parametrize("typed", ["Rosa 'Peace'", "rosa  'peace'", "ROSA 'PEACE'"])
def test_one_name_written_in_two_ways_is_one_species(typed):
    """Promise 11: twins never become two species."""
    review = Review()
    review.know(["Rosa 'Peace'"])
    assert review.known_spelling(typed) == "Rosa 'Peace'"


def test_decomposed_and_composed_names_are_one_species():
    review = Review()
    review.know(["Pfingstr\u00f6schen"])
    assert review.known_spelling("Pfingstro\u0308schen") == "Pfingstr\u00f6schen"


def test_photos_are_ordered_within_their_species():
    review = Review()
    review.add(
        [
            guessed("a", "tulip", 0.9, sure=True),
            guessed("b", "aster", 0.99, sure=True),
            guessed("c", "tulip", 0.85, sure=True),
        ]
    )

    def order(by: Order) -> list[str]:
        keys = sorted(review.sort_keys(range(3), EVERYTHING, by))
        return [review.photos[key[-1]].photo.path.name for key in keys]

    assert order(Order.LEAST_SURE) == ["b", "c", "a"]
    assert order(Order.SUREST) == ["b", "a", "c"]
    assert order(Order.NAME) == ["b", "a", "c"]


def test_another_threshold_decides_anew_which_guesses_are_sure():
    review = Review()
    review.add([SURE, UNSURE, FILED, ALBUM, BROKEN])
    assert review.judge(0.3) == [1]
    assert [review.place(row).standing for row in range(2)] == [Standing.TO_FILE, Standing.TO_FILE]
    assert review.count_standing(Standing.TO_FILE) == 2
    assert review.judge(None) == [0, 1]
    assert review.count_standing(Standing.UNSURE) == 2
    assert review.judge(None) == []
    assert review.judge(0.9, range(1, 2)) == [], "the first photo is not asked for"


def test_a_decision_outlives_every_threshold():
    review = Review()
    review.add([SURE, UNSURE])
    review.set_decisions({UNSURE.photo.path: Decision("tulip"), SURE.photo.path: Decision(None)})
    review.judge(0.3)
    review.judge(None)
    assert review.place(0) == Place(Standing.LEFT)
    assert review.place(1) == Place(Standing.TO_FILE, "tulip")


def test_corrections_are_what_the_model_did_not_know():
    other = guessed("other", "rose", 0.9, sure=True)
    left = guessed("left", "rose", 0.9, sure=True)
    review = Review()
    review.add([SURE, UNSURE, FILED, BROKEN, other, left])
    said = [(SURE, "rose"), (UNSURE, "rose"), (other, "Rosa 'Peace'"), (left, None)]
    review.set_decisions({one.photo.path: Decision(species) for one, species in said})
    assert review.corrections() == {"unsure": "rose", "other": "Rosa 'Peace'"}
