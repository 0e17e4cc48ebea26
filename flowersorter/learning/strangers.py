"""Not one of mine: is a photo unlike everything that was taught?

The measure is the Mahalanobis distance of the roots of the features to the nearest species, with one
covariance within species for all (Lee et al. 2018, arXiv:1807.03888), drawn a little towards a sphere. A
confidence can't tell: a head must choose among the species that it knows. There is no promise about
strangers, only the part of them that was caught where a species was left out. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Strangers:
    """A photo is a stranger if its `unlikeness` is above `limit`.

    `centres` float32[C, 512] are whitened, `whitening` float32[512, 512] does that to roots of features.
    `caught` is the part of a species' photos that were strangers where it had been left out, on average.
    """

    centres: NDArray[np.float32]
    whitening: NDArray[np.float32]
    limit: float
    caught: float | None = None

    def unlikeness(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """How far, float32[N], features float32[N, 512] are from the nearest species."""
        # einsum, for a threaded matrix product waits for busy cores longer than this takes
        points = np.einsum("nf,fw->nw", np.sqrt(np.maximum(features, 0.0)), self.whitening)
        squares = [((points - centre) ** 2).sum(axis=1) for centre in self.centres]
        return np.asarray(np.sqrt(np.min(squares, axis=0)))

    def among(self, features: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which photos are strangers, bool[N]."""
        return np.asarray(self.unlikeness(features) > self.limit)
