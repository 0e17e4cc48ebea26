"""The names of garden flowers: English, German and botanical names that mean the same species."""

from __future__ import annotations

import json
import locale
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from flowersorter.records import Guess
from flowersorter.resources import resource

# hyphens, quotation marks of cultivars, apostrophes and the hybrid sign, written as a letter as well
_BETWEEN: Final = re.compile(r"[\s\-‐‑–'’‘`´\"“”„×]+|(?<=\s)x(?=\s)")
_GERMAN_ON_WINDOWS: Final = 0x07  # primary language id


class Language(StrEnum):
    """In which names species are shown."""

    ENGLISH = "english"
    GERMAN = "german"
    BOTANICAL = "botanical"


@dataclass(frozen=True, slots=True)
class Species:
    """One species: the first English and German name is the one shown; `label` is the training data's."""

    label: str
    english: tuple[str, ...]
    german: tuple[str, ...]
    botanical: str
    synonyms: tuple[str, ...]
    kind: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that people use. Some labels of the training data are misnomers and not among them."""
        return (*self.english, *self.german, self.botanical, *self.synonyms)


@dataclass(frozen=True, slots=True)
class Kind:
    """Species that are easily taken for one another, in words: "a daisy of some kind"."""

    name: str
    english: str
    german: str


@cache
def all_species() -> tuple[Species, ...]:
    """Every species of the table, in the order of the labels. Raises OSError if the table is gone."""
    return tuple(
        Species(
            label=row["label"],
            english=tuple(row["english"]),
            german=tuple(row["german"]),
            botanical=row["botanical"],
            synonyms=tuple(row["synonyms"]),
            kind=row["kind"],
        )
        for row in _table()["species"]
    )


@cache
def all_kinds() -> dict[str, Kind]:
    """Every kind, by the name that species give."""
    return {row["name"]: Kind(**row) for row in _table()["kinds"]}


def same_species(name: str) -> Species | None:
    """The species of any of its names, also the label of the training data; None if none or two have it.

    Capitals, the normal form of accents, hyphens, apostrophes, spaces and a plural s make no difference.
    A cultivar is not its species: "Rosa 'Peace'" is no name of the rose.
    """
    return _find(name, _by_any_name())


def species_called(name: str) -> Species | None:
    """As `same_species`, by the names that people use: photos may be filed on it."""
    return _find(name, _by_name())


def shown(species: Species, language: Language) -> str:
    """The name that is shown of a species, and that a new folder gets; no two species share one."""
    if language is Language.BOTANICAL:
        return species.botanical
    return (species.german if language is Language.GERMAN else species.english)[0]


def match(
    name: str, among: Sequence[str], meaning: Callable[[str], Species | None] = species_called
) -> str | None:
    """The one of `among` that means the same as `name`; None where it is none of them or may be two."""
    if name in among:
        return name
    written = _folded(name)
    for one in among:
        if _folded(one) == written:
            return one
    species = meaning(name)
    found = [] if species is None else [one for one in among if meaning(one) == species]
    return found[0] if len(found) == 1 else None


def kind_of(guess: Guess, threshold: float | None, language: Language = Language.ENGLISH) -> str | None:
    """The kind of flower in words, where a guess is unsure of the species but not of the kind.

    That is so where the species of the best guess's kind together reach `threshold`, 0 to 1.
    """
    if guess.sure or threshold is None:
        return None
    kinds = [None if (found := same_species(one.species)) is None else found.kind for one in guess.ranking]
    together = [one.confidence for one, kind in zip(guess.ranking, kinds, strict=True) if kind == kinds[0]]
    if kinds[0] is None or len(together) < 2 or sum(together) < threshold:
        return None
    kind = all_kinds()[kinds[0]]
    return kind.german if language is Language.GERMAN else kind.english


def letters(name: str) -> str:
    """A name without what is written now one way, now another: capitals, hyphens, apostrophes, spaces."""
    return _BETWEEN.sub("", _folded(name))


def language_of(choice: str) -> Language:
    """The language that a setting asks for; "auto" is German on a German system, else English."""
    if choice != "auto":
        return Language(choice)
    return Language.GERMAN if _system_is_german() else Language.ENGLISH


def _system_is_german() -> bool:
    if sys.platform == "win32":
        import ctypes

        return ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == _GERMAN_ON_WINDOWS
    named = (os.environ.get(variable) for variable in ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next(filter(None, named), None) or locale.getlocale()[0] or ""
    return re.match(r"de(\b|_)", name) is not None


def _folded(name: str) -> str:
    """A name without regard to capitals, to how its accents are written and to spaces around words."""
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


def _find(name: str, species: dict[str, Species | None]) -> Species | None:
    key = letters(name)
    if key in species:
        return species[key]
    return species.get(key[:-1]) if key.endswith("s") else None


@cache
def _by_name() -> dict[str, Species | None]:
    return _index((name, one) for one in all_species() for name in one.names)


@cache
def _by_any_name() -> dict[str, Species | None]:
    return _index((name, one) for one in all_species() for name in (*one.names, one.label))


def _index(named: Iterable[tuple[str, Species]]) -> dict[str, Species | None]:
    """By the letters of each name; None for a name that two species have."""
    index: dict[str, Species | None] = {}
    for name, one in named:
        key = letters(name)
        index[key] = one if index.get(key, one) == one else None
    return index


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    text = resource("models", "garden", "species.json").read_text("utf-8")
    table: dict[str, list[dict[str, Any]]] = json.loads(text)
    return table
