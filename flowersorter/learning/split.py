"""Keep pictures of the same scene on one side of every split.

A group is a set of photos that tell the same story twice: equal pixels, near perceptual hashes, or one
camera within ten seconds. Likeness of features is left out on purpose: chains of likeness swallow a
tenth of a garden.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flowersorter.learning.feature_store import PhotoFacts

FOLDS = 5
NEAR_BITS = 3  # of 64; at 6 bits single linkage already chains unlike photos into groups of 29
BURST_SECONDS = 10.0
BLOCK = 128  # rows of the pairwise comparison at a time: 50 MB for 50,000 photos


def group_of(
    facts: Sequence[PhotoFacts], known: Sequence[str] = (), together: Sequence[str | None] = ()
) -> list[str]:
    """The group of each photo, named by the smallest digest in it.

    The first photos may have `known` groups already; then only the others are compared with all. Photos that
    have the same name in `together` stay together, whatever the facts say.
    """
    links = _Links(len(facts))
    _link_equal(links, together)
    _link_equal(links, known)
    _link_equal(links, [one.digest for one in facts])
    _link_equal(links, [one.pixel_digest for one in facts])
    _link_near_hashes(links, facts, len(known))
    _link_bursts(links, facts)
    names: dict[int, str] = {}
    for index, one in enumerate(facts):
        root = links.root(index)
        name = known[index] if index < len(known) else one.digest
        names[root] = min(names.get(root, name), name)
    return [names[links.root(index)] for index in range(len(facts))]


def twins(facts: Sequence[PhotoFacts]) -> list[int]:
    """For each photo the place of the first one with equal bytes or equal pixels, which may be its own."""
    links = _Links(len(facts))
    _link_equal(links, [one.digest for one in facts])
    _link_equal(links, [one.pixel_digest for one in facts])
    return [links.root(index) for index in range(len(facts))]


def near_twins(facts: Sequence[PhotoFacts]) -> list[int]:
    """For each photo the place of the first one that a chain of near perceptual hashes leads to."""
    links = _Links(len(facts))
    _link_near_hashes(links, facts)
    return [links.root(index) for index in range(len(facts))]


def fold_of(group: str, seed: int = 0) -> int:
    """The fold, 0 to 4, in which a group is for ever: a hash of its name and the seed."""
    digest = hashlib.sha256(f"{seed}/{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % FOLDS


def taught_without(fold: int, folds: NDArray[np.int64], groups: Sequence[str]) -> NDArray[np.bool_]:
    """Which photos may teach a head that `fold` will judge: none of the fold, none of its groups.

    `folds` is int64[N]. The groups matter where people made the split: the same scene may be on both sides.
    """
    judged = {group for group, own in zip(groups, folds, strict=True) if own == fold}
    apart = np.array([group not in judged for group in groups], dtype=np.bool_)
    return np.asarray(apart & (folds != fold))


class _Links:
    """Disjoint sets (union by smaller root, path halving)."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def root(self, index: int) -> int:
        parents = self._parents
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._parents[high] = low


def _link_equal(links: _Links, keys: Sequence[str | None]) -> None:
    first: dict[str, int] = {}
    for index, key in enumerate(keys):
        if key is not None and (other := first.setdefault(key, index)) != index:
            links.join(other, index)


def _link_near_hashes(links: _Links, facts: Sequence[PhotoFacts], compared: int = 0) -> None:
    """Link near hashes; the first `compared` photos were compared with each other before.

    Equal ones are linked at once, so that many photos of one hash cost no more than others.
    """
    places_of: dict[int, int] = {}
    for index, one in enumerate(facts):
        if one.perceptual_hash is not None:
            place = places_of.setdefault(one.perceptual_hash, index)
            if place != index:
                links.join(place, index)
    places = list(places_of.values())
    hashes = np.array(list(places_of), dtype=np.uint64)
    first = sum(index < compared for index in places)
    for start in range(first, len(hashes), BLOCK):
        block = hashes[start : start + BLOCK]
        distances = np.bitwise_count(block[:, None] ^ hashes[None, : start + len(block)])
        for row, column in np.argwhere(distances <= NEAR_BITS):
            if column < start + row:
                links.join(places[start + row], places[column])


def _link_bursts(links: _Links, facts: Sequence[PhotoFacts]) -> None:
    timed = [
        (one.camera, one.taken, index)
        for index, one in enumerate(facts)
        if one.camera is not None and one.taken is not None
    ]
    timed.sort()
    for (camera, taken, one), (next_camera, next_taken, other) in itertools.pairwise(timed):
        if camera == next_camera and next_taken - taken <= BURST_SECONDS:
            links.join(one, other)
