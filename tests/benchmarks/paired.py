"""The difference of two methods that were tried on the same splits, with its uncertainty."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# Student's t, 97.5 %, for 1, 2, ... degrees of freedom
T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
     2.120, 2.110, 2.101, 2.093)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Mean of the paired differences and its 95 % intervals, as parts of 1.

    `low` to `high` is the paired t interval. `corrected` widens it for splits that share photos: the
    variance grows by the ratio of judged to taught photos (Nadeau and Bengio, Machine Learning 52 (2003)).
    """

    mean: float
    low: float
    high: float
    corrected: tuple[float, float]

    def __str__(self) -> str:
        points = [100 * value for value in (self.mean, self.low, self.high, *self.corrected)]
        return "{:+.2f} points, 95 % interval {:+.2f} to {:+.2f} (shared photos: {:+.2f} to {:+.2f})".format(
            *points
        )


def difference(ones: Sequence[float], others: Sequence[float], judged_per_taught: float = 0.25) -> Difference:
    """`ones` less `others`, split by split; 2 to 20 splits."""
    gaps = [one - other for one, other in zip(ones, others, strict=True)]
    mean = statistics.mean(gaps)
    if len(gaps) < 2:
        return Difference(mean, -1.0, 1.0, (-1.0, 1.0))
    spread = T[len(gaps) - 2] * statistics.stdev(gaps)
    plain = spread * math.sqrt(1 / len(gaps))
    wide = spread * math.sqrt(1 / len(gaps) + judged_per_taught)
    return Difference(mean, mean - plain, mean + plain, (mean - wide, mean + wide))
