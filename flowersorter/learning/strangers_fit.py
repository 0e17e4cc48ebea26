"""Learn what is unlike everything that was taught (`learning.strangers`)."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flowersorter.learning.fitting import Examples, one_thread
from flowersorter.learning.strangers import Strangers
from flowersorter.progress import Progress, Report, Stage, silent

SENT_AWAY: Final = 0.05  # of the photos of taught species, at most
SPHERE: Final = 0.3  # how far the covariance is drawn towards a sphere
LEAST_PHOTOS: Final = 40  # below, a twentieth of them says nothing


def learn_strangers(
    examples: Examples, folds: NDArray[np.int64], report: Report = silent
) -> tuple[Strangers | None, NDArray[np.bool_]]:
    """Learn what is unlike the examples, whose folds are int64[N].

    Gives also which of these photos, bool[N], are strangers to a measure that never saw their fold. Too few
    photos, or a single species, give None and no strangers.
    """
    none = np.zeros(len(folds), dtype=np.bool_)
    if len(folds) < LEAST_PHOTOS or len(np.unique(examples.labels)) < 2:
        return None, none
    with one_thread():
        roots = torch.from_numpy(np.sqrt(np.maximum(examples.features, 0.0)))
        labels, dealt = torch.from_numpy(examples.labels), torch.from_numpy(folds)
        far = torch.full((len(folds),), torch.nan)
        for fold in dealt.unique():
            report(Progress(Stage.TRAINING))
            judged = dealt == fold
            if not judged.all():
                far[judged] = _measure(roots[judged], *_fit(roots[~judged], labels[~judged]))
        answered = ~far.isnan()
        if answered.sum() < LEAST_PHOTOS:
            return None, none
        limit = _limit(far[answered])
        centres, whitening = _fit(roots, labels)
        caught = _caught(roots, labels, far, report)
        strangers = Strangers((centres @ whitening).numpy(), whitening.numpy(), limit, caught)
        return strangers, np.asarray((far > limit).numpy())  # what has no answer is NaN: no stranger


def _caught(roots: Tensor, labels: Tensor, far: Tensor, report: Report) -> float | None:
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
            found = _measure(roots[own], *_fit(roots[~own], labels[~own])) > _limit(known)
            parts.append(found.double().mean().item())
    return sum(parts) / len(parts) if parts else None


def _fit(roots: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The centres [C, 512] of the species that there are, and what whitens the spread around them."""
    species, places = labels.unique(return_inverse=True)
    centres = torch.stack([roots[places == place].mean(dim=0) for place in range(len(species))])
    around = roots - centres[places]
    spread = (around.T @ around).double() / len(roots)
    eye = torch.eye(len(spread), dtype=torch.float64)
    covariance = (1 - SPHERE) * spread + SPHERE * (spread.trace() / len(spread)).clamp(min=1e-12) * eye
    lower = torch.linalg.cholesky(covariance)
    return centres, torch.linalg.solve_triangular(lower, eye, upper=False).T.float().contiguous()


def _measure(roots: Tensor, centres: Tensor, whitening: Tensor) -> Tensor:
    """The distance of each photo to the nearest centre."""
    return torch.cdist(roots @ whitening, centres @ whitening).min(dim=1).values


def _limit(far: Tensor) -> float:
    return float(np.quantile(far.numpy(), 1 - SENT_AWAY, method="higher"))
