"""At most N wrong in 100: how sure a guess must be before its photo is filed.

Learn-then-test (Angelopoulos et al. 2021, arXiv:2110.01052): thresholds are tried in a sequence fixed
beforehand, from strict to lax, each by the exact binomial test of "the filed are wrong more often than
allowed"; the last one before the first that fails is certified with confidence 1 - DELTA.

The unit of the test is a group, wrong if any of its filed photos is: photos of one scene err together. But
people count photos, so a threshold must keep the promise of the calibrating photos one by one as well: ten
bursts of forty that all went wrong are few scenes and many photos.

Strangers are not filed. But a threshold must be certified without the stranger test as well: the test sends
errors away, so that alone it would allow a laxer threshold, which may let in more strangers than it stops.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flowersorter.learning.binomial import at_most

DELTA: Final = 0.1
Z: Final = 1.2816  # standard deviations that a normal number exceeds with probability DELTA
# Evenly spaced in log-odds, from 0.99995 down to 0.12.
SEQUENCE: Final = tuple(float(1 / (1 + math.exp(-odds))) for odds in np.linspace(10.0, -2.0, 121))
START_ERRORS: Final = 2  # the first threshold that is tried has room for so many errors, data permitting


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Answers of heads that never saw the photo's group.

    `confidence` float32[N] of the best species, `correct` bool[N], `group` int64[N] the group's number,
    `stranger` bool[N] whether it would have been taken for a stranger; None where there is no such test.
    """

    confidence: NDArray[np.float32]
    correct: NDArray[np.bool_]
    group: NDArray[np.int64]
    stranger: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """File what is at least this sure; None files nothing, and about `missing` more photos are needed.

    `missing` is None as well where more photos of the same kind would not help.
    """

    value: float | None
    missing: int | None = None


def threshold(calibration: Calibration, max_wrong_percent: float) -> Threshold:
    """The laxest certified threshold for at most `max_wrong_percent` wrong of the photos filed."""
    allowed = max_wrong_percent / 100
    start = _start(allowed, len(np.unique(calibration.group)))
    ways = [calibration]
    if calibration.stranger is not None and calibration.stranger.any():
        ways.append(replace(calibration, stranger=None))
    counts = [_filed(way) for way in ways]
    certified = set.intersection(*(_certified(one, allowed, start) for one in counts))
    if certified:
        return Threshold(min(certified))
    missing = [_missing(one, allowed, calibration) for one in counts]
    return Threshold(None, max((one for one in missing if one is not None), default=None))


def least_trials(allowed: float, wrong: int = 0) -> int:
    """How many trials certify `allowed` in spite of `wrong` errors."""
    low, high = wrong, 1
    while at_most(wrong, high, allowed) > DELTA:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(wrong, middle, allowed) > DELTA else (low, middle)
    return high


class _Filed(NamedTuple):
    """What a threshold files: how many groups, how many of them hold an error, and the same of photos."""

    groups: int
    wrong_groups: int
    photos: int
    wrong_photos: int

    def keeps(self, allowed: float) -> bool:
        """Whether no more of the photos are wrong than allowed."""
        return self.wrong_photos <= allowed * self.photos


def _certified(counts: Sequence[_Filed], allowed: float, start: int) -> set[float]:
    """The thresholds that pass, from the strictest that files `start` groups to the first that fails."""
    certified = set()
    for value, filed in zip(SEQUENCE, counts, strict=True):
        if filed.groups < start:
            continue
        if at_most(filed.wrong_groups, filed.groups, allowed) > DELTA:
            break
        if filed.keeps(allowed):
            certified.add(value)
    return certified


def _filed(calibration: Calibration) -> list[_Filed]:
    """What each threshold of the sequence files."""
    asked = (
        np.ones(len(calibration.group), np.bool_) if calibration.stranger is None else ~calibration.stranger
    )
    wrong = asked & ~calibration.correct
    counts = [
        count
        for mask in (asked, wrong)
        for count in (
            _reaching(_surest(calibration.confidence[mask], calibration.group[mask])),
            _reaching(calibration.confidence[mask]),
        )
    ]
    groups, photos, wrong_groups, wrong_photos = counts
    return list(map(_Filed, groups, wrong_groups, photos, wrong_photos))


def _surest(confidence: NDArray[np.float32], group: NDArray[np.int64]) -> NDArray[np.float32]:
    """The highest confidence of each group."""
    order = np.lexsort((-confidence, group))
    _, first = np.unique(group[order], return_index=True)
    return confidence[order][first]


def _reaching(confidence: NDArray[np.float32]) -> list[int]:
    """How many reach each threshold of the sequence."""
    below = np.searchsorted(np.sort(confidence), np.array(SEQUENCE, dtype=np.float32))
    return [len(confidence) - int(count) for count in below]


def _start(allowed: float, groups: int) -> int:
    """The number of filed groups from which thresholds are tried.

    It depends on how many photos there are, never on which are right, so the sequence stays fixed. With
    plenty, one unlucky photo among the surest must not end the sequence at its first step.
    """
    return max(least_trials(allowed), min(least_trials(allowed, START_ERRORS), groups // 2))


def _missing(counts: Sequence[_Filed], allowed: float, calibration: Calibration) -> int | None:
    """About how many more photos would certify some threshold, if they are like those at hand."""
    photos, groups = len(calibration.confidence), len(np.unique(calibration.group))
    least, with_room = least_trials(allowed), least_trials(allowed, START_ERRORS)
    if not groups:
        return least
    needed = []
    for filed in counts:
        # half an error more: three photos without an error do not promise that there will be none
        few_errors = filed.groups and (filed.wrong_groups + 0.5) / (filed.groups + 1) < allowed
        if few_errors and filed.keeps(allowed):
            margin = allowed - filed.wrong_groups / filed.groups
            trials = Z**2 * allowed * (1 - allowed) / margin**2  # where the binomial is near normal
            share = filed.groups / groups
            tried_from = least if share >= 0.5 else with_room  # as `_start` has it
            needed.append(max(tried_from, trials) / share)
    if not needed:
        return None
    return max(1, math.ceil((min(needed) - groups) * photos / groups))
