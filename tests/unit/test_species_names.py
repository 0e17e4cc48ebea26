"""The table of names: one name, one species; and a cultivar is never merged into its species."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from flowersorter.records import Guess, Score
from flowersorter.sorting.naming import folder_key, folder_name
from flowersorter.species_names import (
    Language,
    all_kinds,
    all_species,
    kind_of,
    language_of,
    match,
    same_species,
    shown,
    species_called,
)

AMBIGUOUS = {"Dahlia"}


def test_every_name_finds_its_species_and_no_other() -> None:
    assert len(all_species()) == 103
    for species in all_species():
        assert same_species(species.label) == species
        for name in species.names:
            assert same_species(name) == species_called(name) == (None if name in AMBIGUOUS else species)


@pytest.mark.parametrize("language", Language)
def test_no_two_species_are_shown_by_one_name_and_each_makes_a_folder(language: Language) -> None:
    """Promise 11 and 12."""
    names = [shown(species, language) for species in all_species()]
    assert all(folder_name(name) == name for name in names)
    assert set(Counter(map(folder_key, names)).values()) == {1}
    assert [match(name, names) for name in names] == names


def test_names_are_tidy_and_kinds_have_several_species() -> None:
    for species in all_species():
        for name in (species.label, *species.names):
            assert name == " ".join(unicodedata.normalize("NFC", name).split())
        assert species.english
        assert species.german
    kinds = Counter(species.kind for species in all_species() if species.kind is not None)
    assert set(kinds) == set(all_kinds())
    assert min(kinds.values()) >= 2


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("daisy", "Oxeye Daisy"),
        ("MARGERITE", "Oxeye Daisy"),
        ("leucanthemum  vulgare", "Oxeye Daisy"),
        ("Ox-Eye daisies", None),
        ("ox eye daisys", "Oxeye Daisy"),
        ("coltsfoot", "Colt's Foot"),
        ("Colt’s-foot", "Colt's Foot"),
        ("Lo\u0308wenzahn", "Common Dandelion"),
        ("iris x germanica", "Bearded Iris"),
        ("roses", "Rose"),
        ("Rosa 'Peace'", None),
        ("Dahlia", None),
        ("Dahlia ‘Bishop of Llandaff’", "Bishop Of Llandaff"),
        ("Watercress", "Watercress"),
        ("Gänseblümchen", None),
        ("s", None),
        ("", None),
    ],
)
def test_the_way_it_is_written_does_not_matter(name: str, label: str | None) -> None:
    species = same_species(name)
    assert (species and species.label) == label


def test_misnomers_of_the_training_data_are_no_names_of_people() -> None:
    """The photos labelled "Watercress" show nasturtiums; a gardener's own watercress is something else."""
    assert species_called("Watercress") is None
    assert species_called("Nasturtium") == same_species("Watercress")


def test_matching_never_merges_two_that_somebody_tells_apart() -> None:
    assert match("Leucanthemum vulgare", ["Rose", "Daisy"]) == "Daisy"
    assert match("Leucanthemum vulgare", ["Daisy", "Margerite"]) is None
    assert match("margerite", ["Daisy", "Margerite"]) == "Margerite"
    assert match("Watercress", ["Nasturtium"]) is None
    assert match("Watercress", ["Nasturtium"], same_species) == "Nasturtium"
    assert match("somebody", ["Daisy"]) is None


def guess(*scores: tuple[str, float], sure: bool = False) -> Guess:
    return Guess(tuple(Score(name, confidence) for name, confidence in scores), sure)


def test_an_unsure_guess_among_daisies_is_a_daisy_of_some_kind() -> None:
    unsure = guess(("Margerite", 0.5), ("Gazania", 0.3), ("Rose", 0.1), ("Cosmos", 0.08))
    assert kind_of(unsure, 0.88) == "a daisy of some kind"
    assert kind_of(unsure, 0.88, Language.GERMAN) == "irgendeine Korbblüte"
    assert kind_of(unsure, 0.89) is None
    assert kind_of(unsure, None) is None


@pytest.mark.parametrize(
    "scores",
    [
        (("Rose", 0.5), ("Gazania", 0.3), ("Cosmos", 0.2)),  # the best has no kind
        (("Gazania", 0.95), ("Rose", 0.05)),  # one species alone is no kind
        (("my own", 0.6), ("somebody's", 0.4)),
    ],
)
def test_other_guesses_have_no_kind(scores: tuple[tuple[str, float], ...]) -> None:
    assert kind_of(guess(*scores), 0.8) is None


def test_a_sure_guess_needs_no_kind() -> None:
    assert kind_of(guess(("Gazania", 0.6), ("Cosmos", 0.4), sure=True), 0.5) is None


@pytest.mark.parametrize(
    ("system", "language"),
    [
        ("de_DE.UTF-8", Language.GERMAN),
        ("de", Language.GERMAN),
        ("en_GB.UTF-8", Language.ENGLISH),
        ("del_US", Language.ENGLISH),
        ("C", Language.ENGLISH),
    ],
)
@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows is asked for its language directly")
def test_the_system_chooses_unless_the_gardener_does(
    monkeypatch: pytest.MonkeyPatch, system: str, language: Language
) -> None:
    for variable in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LANG", system)
    assert language_of("auto") is language
    assert language_of("botanical") is Language.BOTANICAL
