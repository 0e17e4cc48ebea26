"""Is a model that was taught again better than the one before? Needs no torch.

Both are judged by their own answers out of fold, on the photos that both answered and the species that
both know, with the labels that the gardener gives them now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.evaluate import FEW_GROUPS, Answer, resampled_means
from flowersorter.learning.past_answers import PastAnswers

LEVEL: Final = 0.90


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a new model gets right and wrong beside the `earlier` one, on `photos` photos.

    `difference` is the new accuracy less the earlier one, `interval` its 90 % interval, None where there are
    too few groups to say. `taken` says that the new model may take the earlier one's place.
    """

    earlier: ModelInfo
    photos: int
    now_right: tuple[Answer, ...]
    now_wrong: tuple[Answer, ...]
    difference: float
    interval: tuple[float, float] | None
    taken: bool


def compare(
    earlier: ModelInfo, past: PastAnswers, answers: Sequence[Answer], digests: Sequence[str], seed: int = 0
) -> Comparison | None:
    """Compare a new model's `answers`, one digest each, with the earlier one's; None without common photos.

    The new model is taken unless the interval lies wholly below zero: a paired bootstrap over groups
    (Efron and Tibshirani 1993), so that a burst of twins counts once.
    """
    guesses = _guesses(past, earlier.species)
    paired = [
        (answer, guesses[digest])
        for answer, digest in zip(answers, digests, strict=True)
        if digest in guesses and answer.species in earlier.species
    ]
    if not paired:
        return None
    gains: dict[str, int] = {}
    counts: dict[str, int] = {}
    for answer, before in paired:
        gain = int(answer.correct) - int(before == answer.species)
        gains[answer.group] = gains.get(answer.group, 0) + gain
        counts[answer.group] = counts.get(answer.group, 0) + 1
    interval = _interval(
        np.array(list(gains.values()), dtype=np.float64),
        np.array(list(counts.values()), dtype=np.float64),
        seed,
    )
    return Comparison(
        earlier=earlier,
        photos=len(paired),
        now_right=tuple(new for new, before in paired if new.correct and before != new.species),
        now_wrong=tuple(new for new, before in paired if not new.correct and before == new.species),
        difference=sum(gains.values()) / len(paired),
        interval=interval,
        taken=interval is None or interval[1] >= 0,
    )


def _guesses(past: PastAnswers, species: tuple[str, ...]) -> Mapping[str, str]:
    return {digest: species[place] for digest, place in zip(past.digests, past.guesses, strict=True)}


def _interval(
    gains: NDArray[np.float64], counts: NDArray[np.float64], seed: int
) -> tuple[float, float] | None:
    """The interval of the mean gain per photo, from sums float64[G] of gains and photos per group."""
    if len(counts) < FEW_GROUPS:
        return None
    low, high = np.quantile(resampled_means(gains, counts, seed), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
