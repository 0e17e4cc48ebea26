"""The photos of a batch as the journal keeps them: so many to a row, as JSON.

A row for each file took nearly half as long as its renaming.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from flowersorter.sorting.entries import State

# ASCII: half a surrogate pair is escaped
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False)
_PHOTOS: Final = 100  # on one page; what waits to be written costs the garbage collector time

# source and target, each as the number of its volume and its path there; size, mtime_ns, digest
WrittenFile = tuple[int, str, int, str, int, int, str | None]
# the species, then the files: the picture first
WrittenPhoto = list[Any]


def page_of(number: int) -> int:
    """The page on which the photo of that number stands."""
    return number // _PHOTOS


def written(batch: int, photos: Mapping[int, WrittenPhoto]) -> tuple[str, int]:
    """A page of a batch, with these photos by number, and its checksum: SQLite sees no flipped bit."""
    text = _ENCODER.encode(photos)
    return text, _checksum(batch, text)


def read(batch: int, text: str, checksum: int) -> Iterator[tuple[int, WrittenPhoto]]:
    """The photos of a page, by number. Raises ValueError where it was altered, or is another batch's."""
    if _checksum(batch, text) != checksum:
        raise ValueError(text)
    return ((int(number), photo) for number, photo in json.loads(text).items())


def path_text(path: bytes) -> str:
    """A path for a page; the same for the same bytes, whatever the system's encoding."""
    return path.decode("utf-8", "surrogateescape")


def path_bytes(text: str) -> bytes:
    """The path that `path_text` wrote."""
    return text.encode("utf-8", "surrogateescape")


def stretches(states: Mapping[int, State]) -> Iterator[tuple[int, int, int, State]]:
    """Photos of one page that follow one another and have one state: page, first and last number, state.

    Most pages are one stretch.
    """
    numbered = enumerate(sorted(states))
    for (page, state, _), stretch in groupby(
        numbered, lambda one: (page_of(one[1]), states[one[1]], one[1] - one[0])
    ):
        numbers = [number for _, number in stretch]
        yield page, numbers[0], numbers[-1], state


def spread(rows: Iterable[tuple[int, int, str]]) -> dict[int, State]:
    """The state of each photo of such stretches, by number. Raises ValueError where one was altered."""
    states: dict[int, State] = {}
    for first, last, state in rows:
        if page_of(first) != page_of(last):
            raise ValueError(first, last)
        states |= dict.fromkeys(range(first, last + 1), State(state))
    return states


def _checksum(batch: int, text: str) -> int:
    return zlib.crc32(text.encode(), batch)
