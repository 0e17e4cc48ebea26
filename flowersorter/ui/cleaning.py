"""What the gardener chose for the findings of a labelled folder. No Qt: the Clean page shows this.

A choice belongs to a photo, so that one that is in two findings has one future.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from flowersorter.jobs.clean import Change, Checked
from flowersorter.learning.suspects import Finding, Kind, SuspectPhoto
from flowersorter.sorting.naming import folder_key


@dataclass(frozen=True, slots=True)
class Tile:
    """One photo of a finding, as the grid shows it; `number` counts the findings of its kind."""

    finding: Finding
    photo: SuspectPhoto
    number: int

    @property
    def has_suggestion(self) -> bool:
        return self.finding.kind is Kind.MISFILED or any(photo.surplus for photo in self.finding.photos)


@dataclass(slots=True)
class Cleaning:
    """The findings, what is to be changed, by path, and the findings that are right as they are."""

    checked: Checked
    changes: dict[Path, Change] = field(default_factory=dict)
    right: set[Finding] = field(default_factory=set)

    def kinds(self) -> dict[Kind, int]:
        """How many findings there are of each kind, the most serious first; only kinds with any."""
        counts = {kind: len(self._findings(kind)) for kind in Kind}
        return {kind: count for kind, count in counts.items() if count}

    def tiles(self, kind: Kind) -> list[Tile]:
        return [
            Tile(finding, photo, number)
            for number, finding in enumerate(self._findings(kind))
            for photo in finding.photos
        ]

    def move(self, tiles: Iterable[Tile], species: str) -> None:
        """They are to be moved to a species; the one that they have already means no change."""
        for tile in tiles:
            self._change(tile, None if species == tile.photo.species else species)

    def set_aside(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            photo = tile.photo
            self.right.discard(tile.finding)
            self.changes[photo.path] = Change(photo.path, photo.digest, photo.species, None)

    def suggest(self, tiles: Iterable[Tile]) -> None:
        """Take what is suggested, where something is: the other species, or the surplus twins set aside."""
        for tile in tiles:
            if tile.finding.kind is Kind.MISFILED:
                self._change(tile, tile.finding.suggestion)
            else:
                surplus = [photo for photo in tile.finding.photos if photo.surplus]
                self.set_aside([replace(tile, photo=photo) for photo in surplus])

    def forget(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            self.changes.pop(tile.photo.path, None)

    def keep(self, tiles: Iterable[Tile]) -> list[Finding]:
        """These findings are right as they are. The answer is those of which that is new."""
        new = [one for one in dict.fromkeys(tile.finding for tile in tiles) if one not in self.right]
        for finding in new:
            self.right.add(finding)
            for photo in finding.photos:
                self.changes.pop(photo.path, None)
        return new

    def doubt(self, tiles: Iterable[Tile]) -> list[Finding]:
        """These findings are not right after all. The answer is those that were."""
        again = [one for one in dict.fromkeys(tile.finding for tile in tiles) if one in self.right]
        self.right.difference_update(again)
        return again

    # what the box for another species asks

    def species(self) -> Sequence[str]:
        return self.checked.species

    def known_spelling(self, name: str) -> str:
        wanted = folder_key(name)
        return next((known for known in self.checked.species if folder_key(known) == wanted), name)

    def _change(self, tile: Tile, species: str | None) -> None:
        photo = tile.photo
        self.right.discard(tile.finding)
        if species is None:
            self.changes.pop(photo.path, None)
        else:
            self.changes[photo.path] = Change(photo.path, photo.digest, photo.species, species)

    def _findings(self, kind: Kind) -> list[Finding]:
        return [finding for finding in self.checked.findings if finding.kind is kind]
