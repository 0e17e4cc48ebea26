"""Figures that are true: from photos whose groups the head never saw, with their uncertainty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from flowersorter.learning.binomial import upper_bound

FEW_GROUPS: Final = 5  # below, a species' figures are "too few to say"
RESAMPLES: Final = 2000
LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Epoch:
    """One point of the curves. Losses are mean cross-entropy in nats; None where nothing was held back."""

    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a head that never saw this photo's group said of it. `correct` and `group` serve figures.

    `confidence` is in the guess, `label_confidence` in the label: 0 where the head does not know it.
    """

    path: Path
    species: str  # the label
    guess: str
    confidence: float
    group: str
    in_top3: bool
    label_confidence: float = 0.0
    stranger: bool = False  # unlike everything that was taught: not filed, however sure
    unmet: bool = False  # the head was not taught the label: it can only be wrong

    @property
    def correct(self) -> bool:
        return self.guess == self.species

    def is_sure(self, threshold: float | None) -> bool:
        """Whether its photo would be filed; without a threshold none is."""
        return threshold is not None and self.confidence >= threshold and not self.stranger


@dataclass(frozen=True, slots=True)
class SpeciesFigures:
    """One species: its photos, and the figures, None where nothing was named so or where it has none."""

    species: str
    photos: int
    precision: float | None  # of the photos named so, the part that is
    recall: float | None  # of its photos, the part that was named so
    too_few: bool


@dataclass(frozen=True, slots=True)
class Validation:
    """Figures on photos that were not taught; rows of `confusion` are labels, columns are guesses."""

    photos: int
    accuracy: float | None
    interval: tuple[float, float] | None
    top3: float | None
    species: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    per_species: tuple[SpeciesFigures, ...]


def validate(answers: Sequence[Answer], species: tuple[str, ...], seed: int = 0) -> Validation:
    """Count the answers; labels and guesses must be among `species`."""
    places = {name: place for place, name in enumerate(species)}
    confusion = np.zeros((len(species), len(species)), dtype=np.int64)
    groups: dict[str, set[str]] = defaultdict(set)
    for answer in answers:
        confusion[places[answer.species], places[answer.guess]] += 1
        groups[answer.species].add(answer.group)
    per_species = tuple(
        SpeciesFigures(
            name,
            photos=int(confusion[place].sum()),
            precision=_part(confusion[place, place], confusion[:, place].sum()),
            recall=_part(confusion[place, place], confusion[place].sum()),
            too_few=len(groups[name]) < FEW_GROUPS,
        )
        for place, name in enumerate(species)
    )
    return Validation(
        photos=len(answers),
        accuracy=_part(sum(answer.correct for answer in answers), len(answers)),
        interval=accuracy_interval(answers, seed),
        top3=_part(sum(answer.in_top3 for answer in answers), len(answers)),
        species=species,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        per_species=per_species,
    )


def kept_figures(validation: Validation) -> dict[str, Any]:
    """The figures as a model file keeps them: without the mix-ups, which grow with the square of species."""
    return asdict(replace(validation, confusion=()))


def without_unmet(validation: Validation, own: Collection[str]) -> Validation:
    """The same figures, less the species beside `own` that no photo is of and none was taken for."""
    confusion = np.array(validation.confusion, dtype=np.int64)
    met = confusion.sum(axis=0) + confusion.sum(axis=1) > 0
    kept = [place for place, name in enumerate(validation.species) if met[place] or name in own]
    return replace(
        validation,
        species=tuple(validation.species[place] for place in kept),
        confusion=tuple(tuple(row) for row in confusion[np.ix_(kept, kept)].tolist()),
        per_species=tuple(validation.per_species[place] for place in kept),
    )


def accuracy_interval(answers: Sequence[Answer], seed: int = 0) -> tuple[float, float] | None:
    """The 95 % interval of the accuracy: percentiles of resampled groups; None without answers.

    Resampling says nothing where every group is right (or wrong), nor of few groups; there the bounds are the
    exact ones of Clopper and Pearson (1934) over groups, a group that is wrong in part being an error.
    """
    if not answers:
        return None
    hits: dict[str, int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    for answer in answers:
        hits[answer.group] += answer.correct
        counts[answer.group] += 1
    right = np.array([hits[group] for group in counts], dtype=np.float64)
    photos = np.array([counts[group] for group in counts], dtype=np.float64)
    if len(photos) < FEW_GROUPS or right.sum() in (0.0, photos.sum()):
        risk = (1 - LEVEL) / 2
        wrong = upper_bound(int((right < photos).sum()), len(photos), risk)
        return 1.0 - wrong, upper_bound(int((right > 0).sum()), len(photos), risk)
    low, high = np.quantile(resampled_means(right, photos, seed), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def resampled_means(sums: NDArray[np.float64], photos: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """The mean per photo, float64[RESAMPLES], of groups drawn again and again from G groups.

    `sums` and `photos`, float64[G], are of each group.
    """
    # groups with as many photos and the same sum are alike: draw how often each kind comes up
    kinds, sizes = np.unique(np.stack([sums, photos], axis=1), axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(photos), sizes / len(photos), RESAMPLES)
    return np.asarray((drawn @ kinds[:, 0]) / (drawn @ kinds[:, 1]))


def _part(some: int, whole: int) -> float | None:
    return float(some) / float(whole) if whole else None
