"""The journal's records: a batch, its photos and their files as they were when the batch began."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from flowersorter.records import Transfer
from flowersorter.sorting.volumes import Place

# of a file, before it is moved: size, date (mtime_ns) and, of a picture, digest
Identity = tuple[int, int, str | None]


class State(StrEnum):
    """Where a photo of a batch is."""

    WAITING = "waiting"  # its turn has not come, or recovery has to look at it
    PLACED = "placed"  # at its target
    STAYED = "stayed"  # never moved
    BACK = "back"  # was moved and put back


class Work(StrEnum):
    """What is being done with a batch."""

    MOVING = "moving"
    UNDOING = "undoing"
    REDOING = "redoing"


class FileEntry(NamedTuple):  # made for each of 100,000 files: a dataclass takes several times as long
    """One file of a photo. `digest` is None for a companion whose bytes were never read."""

    source: Place
    target: Place
    size: int
    mtime_ns: int
    digest: str | None
    landed_mtime_ns: int | None = None  # the date at the target, where the disk could not keep mtime_ns


class PhotoEntry(NamedTuple):
    """One photo of a batch: the picture first in `files`, then its companions."""

    number: int
    species: str
    state: State
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """One batch. `work` is None when nothing of it is under way."""

    id: int
    started: float  # seconds since the epoch, UTC
    transfer: Transfer
    token: str
    root: Place
    into: Place
    work: Work | None
    undone: bool

    def temporary(self, number: int, member: int) -> str:
        """The name under which a copy grows beside its target; recovery finds it by this name."""
        return f".flowersorter-{self.token}-{number}-{member}"
