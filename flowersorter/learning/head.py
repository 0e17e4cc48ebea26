"""The last layer: from 512 features to a confidence for each species."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 512  # features of one photo


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A softmax layer: `weight` float32[C, 512] and `bias` float32[C] for C species in this order.

    `root` says that it was fitted on the square roots of the features (the Hellinger kernel of Vedaldi and
    Zisserman 2012), which damps the few features that would outshout the others.
    """

    species: tuple[str, ...]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    root: bool

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Confidences float64[N, C] that add up to 1, for features float32[N, 512]."""
        seen = np.sqrt(np.maximum(features, 0.0)) if self.root else features
        # einsum, for a threaded matrix product waits for busy cores longer than this takes
        scores = np.einsum("nf,cf->nc", seen.astype(np.float64), self.weight.astype(np.float64)) + self.bias
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))

    def tempered(self, temperature: float) -> Head:
        """The same answers, surer for a `temperature` below 1 and more modest for one above."""
        weight, bias = (np.asarray(one / np.float32(temperature)) for one in (self.weight, self.bias))
        return replace(self, weight=weight, bias=bias)

    def loss(self, features: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        """The mean cross-entropy, in nats, for features float32[N, 512] and labels int64[N]."""
        own = self.predict(features)[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(own, np.finfo(np.float64).tiny)).mean())


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where teaching can begin again after a correction: the strength, and the head of each fold.

    The head of a fold was taught without it; None where it could not be taught.
    """

    strength: float
    heads: tuple[Head | None, ...]
