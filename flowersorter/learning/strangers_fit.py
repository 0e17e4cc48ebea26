"""Learn what is unlike everything that was taught (`learning.strangers`)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flowersorter.learning.devices import one_thread
from flowersorter.learning.fitting import Examples
from flowersorter.learning.split import taught_without
from flowersorter.learning.strangers import Strangers
from flowersorter.progress import Progress, Report, Stage, silent

SENT_AWAY: Final = 0.05  # of the photos of taught species, at most
SPHERE: Final = 0.3  # how far the covariance is drawn towards a sphere
LEAST_PHOTOS: Final = 40  # below, a twentieth of them says nothing


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Of some photos: how many of each species, float64[C], the sums of their roots, and of xxᵀ."""

    counts: Tensor
    sums: Tensor
    products: Tensor

    def without(self, other: _Sums) -> _Sums:
        return _Sums(self.counts - other.counts, self.sums - other.sums, self.products - other.products)


def learn_strangers(
    examples: Examples,
    folds: NDArray[np.int64],
    groups: Sequence[str],
    report: Report = silent,
    *,
    before: Strangers | None = None,
    uncounted: Collection[int] = (),
) -> tuple[Strangers | None, NDArray[np.bool_]]:
    """Learn what is unlike the examples, whose folds are int64[N], and N groups.

    Gives also which of these photos, bool[N], are strangers to a measure that never saw their fold or their
    group; it says nothing of a photo whose species it never saw. Too few photos, or a single species, give
    None and no strangers. `before` was learned from nearly the same photos: then what it catches is not tried
    anew, which takes longest. The `uncounted` places have no say in how far a photo may be.
    """
    none = np.zeros(len(folds), dtype=np.bool_)
    if len(folds) < LEAST_PHOTOS or len(np.unique(examples.labels)) < 2:
        return None, none
    with one_thread():
        roots = torch.from_numpy(np.sqrt(np.maximum(examples.features, 0.0)))
        middle = roots.mean(dim=0)  # sums of centred numbers lose nothing when parts are taken away again
        roots = roots - middle
        labels, dealt = torch.from_numpy(examples.labels), torch.from_numpy(folds)
        classes = len(examples.species)
        own = {int(fold): dealt == fold for fold in dealt.unique()}
        photos = {fold: roots[judged] for fold, judged in own.items()}
        parts = {}
        for fold, judged in own.items():
            report(Progress(Stage.TRAINING))
            parts[fold] = _sums(photos[fold], labels[judged], classes)
        whole = _Sums(*(sum(numbers) for numbers in zip(*map(_numbers, parts.values()), strict=True)))
        far = torch.full((len(folds),), torch.nan)
        for fold, judged in own.items():
            report(Progress(Stage.TRAINING))
            others = whole.without(parts[fold])
            shared = torch.from_numpy(~taught_without(fold, folds, groups)) & ~judged
            if shared.any():
                others = others.without(_sums(roots[shared], labels[shared], classes))
            there = others.counts > 0.5
            if there.any():
                far[judged] = _measure(photos[fold], *_fit(others))
                far[judged & ~there[labels]] = torch.nan
        far[list(uncounted)] = torch.nan
        answered = ~far.isnan()
        if answered.sum() < LEAST_PHOTOS:
            return None, none
        limit = _limit(far[answered])
        centres, whitening = _fit(whole)
        caught = _caught(roots, labels, far, whole, report) if before is None else before.caught
        seen_centres = ((centres + middle) @ whitening).numpy()
        strangers = Strangers(seen_centres, whitening.numpy(), limit, caught)
        return strangers, np.asarray((far > limit).numpy())  # what has no answer is NaN: no stranger


def learn_from_unseen(taught: Examples, unseen: NDArray[np.float32]) -> Strangers:
    """Learn what is unlike the examples, by features float32[M, 512] of other photos of their species.

    For a backbone that has learned the examples itself: its features for these are nearer to one another.
    """
    with one_thread():
        roots = torch.from_numpy(np.sqrt(np.maximum(taught.features, 0.0)))
        middle = roots.mean(dim=0)
        labels = torch.from_numpy(taught.labels)
        centres, whitening = _fit(_sums(roots - middle, labels, len(taught.species)))
        others = torch.from_numpy(np.sqrt(np.maximum(unseen, 0.0))) - middle
        limit = _limit(_measure(others, centres, whitening))
        return Strangers(((centres + middle) @ whitening).numpy(), whitening.numpy(), limit)


def _caught(roots: Tensor, labels: Tensor, far: Tensor, whole: _Sums, report: Report) -> float | None:
    """The part of strangers that is found: each species in turn is left out, and is the stranger."""
    species = labels.unique()
    if len(species) < 3:
        return None
    parts = []
    for left_out in species:
        report(Progress(Stage.TRAINING))
        own = labels == left_out
        known = far[~own & ~far.isnan()]
        if len(known):
            others = whole.without(_sums(roots[own], labels[own], len(whole.counts)))
            parts.append((_measure(roots[own], *_fit(others)) > _limit(known)).double().mean().item())
    return sum(parts) / len(parts) if parts else None


def _sums(roots: Tensor, labels: Tensor, classes: int) -> _Sums:
    counts = torch.bincount(labels, minlength=classes).double()
    sums = torch.zeros(classes, roots.shape[1]).index_add_(0, labels, roots)
    return _Sums(counts, sums.double(), (roots.T @ roots).double())


def _numbers(part: _Sums) -> tuple[Tensor, Tensor, Tensor]:
    return part.counts, part.sums, part.products


def _fit(of: _Sums) -> tuple[Tensor, Tensor]:
    """The centres [C, 512] of the species that there are, and what whitens the spread around them."""
    there = of.counts > 0.5
    counts = of.counts[there, None]
    centres = of.sums[there] / counts
    spread = (of.products - centres.T @ (counts * centres)) / counts.sum()
    eye = torch.eye(len(spread), dtype=torch.float64)
    # the sums come from float32: what copies of one picture spread is nothing but its rounding
    least = max(1e-6 * float(of.products.trace() / counts.sum()), 1e-12)
    covariance = (1 - SPHERE) * spread + SPHERE * (spread.trace() / len(spread)).clamp(min=least) * eye
    lower = torch.linalg.cholesky(covariance)
    whitening = torch.linalg.solve_triangular(lower, eye, upper=False).T.float().contiguous()
    return centres.float(), whitening


def _measure(roots: Tensor, centres: Tensor, whitening: Tensor) -> Tensor:
    """The distance of each photo to the nearest centre."""
    return torch.cdist(roots @ whitening, centres @ whitening).min(dim=1).values


def _limit(far: Tensor) -> float:
    return float(np.quantile(far.numpy(), 1 - SENT_AWAY, method="higher"))
