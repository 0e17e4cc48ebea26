"""Where every photo of one sorting stands, and how many stand there. No Qt: the models show this.

A photo stands in exactly one `Place`; the panel's groups are made of places.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from flowersorter.jobs.promise import judge
from flowersorter.records import Classified, Decision
from flowersorter.species_names import match

MAX_KEYS: Final = 9  # number keys 1 to 9 name a species

SortKey = tuple[int, str, float, int]  # section, species, place within, row


class Standing(StrEnum):
    """What will become of a photo as things stand."""

    TO_FILE = "to_file"
    UNSURE = "unsure"
    LEFT = "left"
    FILED = "filed"
    ALBUM = "album"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Place:
    """A standing, and the species where it has one: of the folder, or for UNSURE the best guess."""

    standing: Standing
    species: str = ""


class Kind(StrEnum):
    """The kinds of rows of the panel."""

    ALL = "all"
    SPECIES = "species"
    UNSURE = "unsure"
    LEFT = "left"
    FILED = "filed"
    ALBUM = "album"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One row of the panel; `species` only for Kind.SPECIES."""

    kind: Kind
    species: str = ""

    def holds(self, place: Place) -> bool:
        """Whether a photo at `place` is shown in this group. A filed photo is also with its species."""
        if self.kind is Kind.ALL:
            return True
        if self.kind is Kind.SPECIES:
            return place.species == self.species and place.standing in (Standing.TO_FILE, Standing.FILED)
        return place.standing.value == self.kind.value


EVERYTHING: Final = PanelRow(Kind.ALL)


class Order(StrEnum):
    """How the photos of a group are ordered."""

    NAME = "name"
    DATE = "date"
    SUREST = "surest"
    LEAST_SURE = "least_sure"


def confidence(one: Classified) -> float:
    """The confidence in the best guess, 0 where there is none."""
    return 0.0 if one.guess is None else one.guess.best.confidence


def place_of(one: Classified, decision: Decision | None) -> Place:
    """Where a photo stands, by the same rules as the plan (jobs/sort.py)."""
    filed_as = one.photo.filed_as
    if one.problem is not None:
        return Place(Standing.UNREADABLE)
    if decision is not None and decision.species is not None:
        standing = Standing.FILED if decision.species == filed_as else Standing.TO_FILE
        return Place(standing, decision.species)
    if filed_as is not None:
        return Place(Standing.FILED, filed_as)
    if decision is not None:
        return Place(Standing.LEFT)
    if one.guess is None:
        return Place(Standing.ALBUM)
    return Place(Standing.TO_FILE if one.guess.sure else Standing.UNSURE, one.guess.best.species)


class Review:
    """The photos of one sorting with the decisions in force."""

    def __init__(self) -> None:
        self.photos: list[Classified] = []
        self.decisions: dict[Path, Decision] = {}
        self.keys: dict[str, int] = {}  # species -> its number key, fixed once given
        self._rows: dict[Path, int] = {}
        self._copies: dict[str, list[int]] = {}  # digest -> the rows of the photos with these bytes
        self._places: list[Place] = []
        self._counts: Counter[Place] = Counter()
        self._known: set[str] = set()

    def add(self, chunk: Iterable[Classified]) -> range:
        """Take photos in, with the decisions remembered for them. Returns their rows."""
        first = len(self.photos)
        for one in chunk:
            path = one.photo.path
            if one.decision is not None:
                self.decisions[path] = one.decision
            self._rows[path] = len(self.photos)
            if one.digest is not None:
                self._copies.setdefault(one.digest, []).append(len(self.photos))
            self.photos.append(one)
            place = place_of(one, self.decisions.get(path))
            self._places.append(place)
            self._counts[place] += 1
            self._meet(place)
        return range(first, len(self.photos))

    def know(self, species: Iterable[str]) -> None:
        """Make species known before a photo of them appears; few ones get their keys at once."""
        names = sorted(species, key=_sort_key)
        self._known.update(names)
        if len(names) <= MAX_KEYS:
            for name in names:
                self._give_key(name)

    def judge(self, threshold: float | None, rows: range | None = None) -> list[int]:
        """Let another threshold say which guesses are sure, in `rows` or everywhere.

        Returns the rows whose guess this changes; decisions stay in force.
        """
        changed = []
        for row in range(len(self.photos)) if rows is None else rows:
            one = self.photos[row]
            if one.guess is None:
                continue
            guess = judge(one.guess, threshold)
            if guess is not one.guess:
                self.photos[row] = replace(one, guess=guess)
                self._put(row)
                changed.append(row)
        return changed

    def set_decisions(self, changes: Mapping[Path, Decision | None]) -> list[int]:
        """Put decisions in force, None takes one back. Returns the rows concerned."""
        rows = []
        for path, decision in changes.items():
            row = self._rows[path]
            if decision is None:
                self.decisions.pop(path, None)
            else:
                self.decisions[path] = decision
            self._put(row)
            rows.append(row)
        return rows

    def place(self, row: int) -> Place:
        return self._places[row]

    def decision(self, row: int) -> Decision | None:
        return self.decisions.get(self.photos[row].photo.path)

    def kept_decision(self, row: int) -> Decision | None:
        """What to remember of the bytes of a photo: what is said of it, else of a copy of it."""
        said = (self.decision(each) for each in (row, *self._copies.get(self.photos[row].digest or "", ())))
        return next((decision for decision in said if decision is not None), None)

    def corrections(self) -> dict[str, str]:
        """The species that was said of photos, by digest, where the guess was another or not sure."""
        said = {}
        for one in self.photos:
            decision = self.decisions.get(one.photo.path)
            if decision is None or decision.species is None or one.digest is None or one.guess is None:
                continue
            if one.guess.best.species != decision.species or not one.guess.sure:
                said[one.digest] = decision.species
        return said

    def rows_in(self, group: PanelRow, *, unconfirmed_only: bool = False) -> list[int]:
        """The rows of the photos that a group holds."""
        held = {place for place in self._counts if group.holds(place)}
        rows = [row for row, place in enumerate(self._places) if place in held]
        return [row for row in rows if not self.confirmed(row)] if unconfirmed_only else rows

    def confirmed(self, row: int) -> bool:
        """Whether nothing is left to say of the photo: it was decided, is filed or cannot be read."""
        place = self._places[row]
        return self.decision(row) is not None or place.standing not in (Standing.TO_FILE, Standing.UNSURE)

    def count(self, group: PanelRow) -> int:
        return sum(n for place, n in self._counts.items() if group.holds(place))

    def count_standing(self, standing: Standing, species: str | None = None) -> int:
        """How many photos stand so; with `species`, only those of it."""
        if species is not None:
            return self._counts[Place(standing, species)]
        return sum(n for place, n in self._counts.items() if place.standing is standing)

    def suggested(self, species: str) -> list[int]:
        """The rows of unsure photos whose best guess is `species`."""
        wanted = Place(Standing.UNSURE, species)
        return [row for row, place in enumerate(self._places) if place == wanted]

    def species(self) -> list[str]:
        """Every species that can be chosen: taught, met or named by hand, in alphabetical order."""
        return sorted(self._known, key=_sort_key)

    def species_shown(self) -> list[str]:
        """The species that the panel lists: those that hold a photo or have a number key."""
        held = {
            place.species for place, n in self._counts.items() if n and place.standing is not Standing.UNSURE
        }
        return sorted((held | set(self.keys)) - {""}, key=_sort_key)

    def species_with_key(self, number: int) -> str | None:
        return next((name for name, key in self.keys.items() if key == number), None)

    def known_spelling(self, name: str) -> str:
        """The species meant by what was typed: two spellings, or two languages, never become two species."""
        return match(name, self.species()) or name

    def sort_keys(self, rows: Iterable[int], group: PanelRow, order: Order) -> list[SortKey]:
        """Ascending: sections first (species within a standing), then the order asked for, then the row."""
        photos, places = self.photos, self._places
        within = _WITHIN[order]
        if group.kind is Kind.SPECIES:
            filed = Standing.FILED
            return [(int(places[row].standing is filed), "", within(photos[row]), row) for row in rows]
        sections = {place: (_SECTIONS[place.standing], _sort_key(place.species)) for place in self._counts}
        return [(*sections[places[row]], within(photos[row]), row) for row in rows]

    def _put(self, row: int) -> None:
        """Work out anew where a photo stands."""
        old, new = self._places[row], place_of(self.photos[row], self.decision(row))
        self._places[row] = new
        self._counts[old] -= 1
        self._counts[new] += 1
        self._meet(new)

    def _meet(self, place: Place) -> None:
        if place.species:
            self._known.add(place.species)
            if place.standing is not Standing.UNSURE:
                self._give_key(place.species)

    def _give_key(self, species: str) -> None:
        if species not in self.keys and len(self.keys) < MAX_KEYS:
            self.keys[species] = len(self.keys) + 1


_WITHIN: Final[dict[Order, Callable[[Classified], float]]] = {
    Order.NAME: lambda _one: 0,  # the scan found them by name, so the row decides
    Order.DATE: lambda one: one.photo.mtime_ns,
    Order.SUREST: lambda one: -confidence(one),
    Order.LEAST_SURE: confidence,
}

_SECTIONS: Final = {
    Standing.UNSURE: 0,
    Standing.TO_FILE: 1,
    Standing.LEFT: 2,
    Standing.ALBUM: 3,
    Standing.UNREADABLE: 4,
    Standing.FILED: 5,
}


def _sort_key(name: str) -> str:
    return unicodedata.normalize("NFKD", name).casefold()
