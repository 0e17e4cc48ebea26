"""Fit the head on cached features: regularised softmax regression, in about a second.

The loss is cross-entropy, each species weighed by one over the root of its count so that a rare one is
heard, plus strength/2 · |W - W₀|², where W₀ is 0 or a prior. It is convex: one answer for one set of
photos, whatever the seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flowersorter.learning.devices import one_thread
from flowersorter.learning.evaluate import Epoch
from flowersorter.learning.head import Head
from flowersorter.learning.lbfgs import ENOUGH, minimise
from flowersorter.progress import Progress, Report, Stage, silent

STRENGTHS: Final = (1.0, 0.2, 0.04, 0.008, 0.0016, 0.0003)  # from the most cautious on
FRESH: Final = 10.0  # chosen with corrections of the built-in model, on photos of its choice part
MAX_STEPS: Final = 150
CHOOSING_STEPS: Final = 15  # enough to tell strengths apart, each starting where the one before ended


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Features float32[N, 512] and labels int64[N], which count the places in `species`.

    `prior` is a head on plain features that learned from many more photos of some of the species: a fit then
    stays as near to it as it can, and is one on plain features, too. Photos that are `fresh`, bool[N], did
    not teach the prior, and are heard `FRESH` times as loud as the others, which only keep it where it was.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    species: tuple[str, ...]
    prior: Head | None = None
    fresh: NDArray[np.bool_] | None = None

    def where(self, mask: NDArray[np.bool_]) -> Examples:
        fresh = None if self.fresh is None else self.fresh[mask]
        return replace(self, features=self.features[mask], labels=self.labels[mask], fresh=fresh)


def fit_head(
    taught: Examples,
    strength: float,
    *,
    start: Head | None = None,
    steps: int = MAX_STEPS,
    held_back: Examples | None = None,
    report: Report = silent,
) -> tuple[Head, tuple[Epoch, ...]]:
    """Fit a head on all of `taught`.

    From `start`, a head for all or for the first of the species that was fitted on nearly the same photos,
    it takes just `steps` steps: there it is nearly where it would have come to. With `held_back`, one `Epoch`
    for each step is sent to `report` and returned; without, there are none. `Cancelled`, raised by `report`,
    passes through.
    """
    problem = _Problem(taught)
    watched = None if held_back is None else problem.prepare(held_back)
    epochs: list[Epoch] = []

    def watch(parameters: Tensor) -> None:
        if watched is None:
            report(Progress(Stage.TRAINING))
            return
        train = loss_and_accuracy(problem.scores(parameters, problem.inputs), problem.labels)
        val = loss_and_accuracy(problem.scores(parameters, watched[0]), watched[1])
        epochs.append(Epoch(*train, *val))
        report(epochs[-1])

    with one_thread():
        # near the bottom the first steps gain nothing that can be seen, and would be taken for the last
        enough = ENOUGH if start is None else -math.inf
        parameters = minimise(problem.loss(strength), problem.start(start), steps, watch, enough)
    return problem.head(parameters), tuple(epochs)


def choose_strength(
    examples: Examples,
    splits: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
    report: Report = silent,
) -> float:
    """The strength with the least log-loss on the judging halves of (teaching, judging) masks bool[N].

    Walks from the most cautious to the boldest and stops when it gets worse.
    """
    problems = [_Problem(examples.where(teaching)) for teaching, _ in splits]
    judged = [
        problem.prepare(examples.where(judging))
        for problem, (_, judging) in zip(problems, splits, strict=True)
    ]
    ends = [problem.start() for problem in problems]
    chosen, least = STRENGTHS[0], float("inf")

    def watch(parameters: Tensor) -> None:  # noqa: ARG001 - a place to cancel, whatever they are
        report(Progress(Stage.TRAINING))

    for strength in STRENGTHS:
        total = 0.0
        for place, (problem, (inputs, labels)) in enumerate(zip(problems, judged, strict=True)):
            with one_thread():
                ends[place] = minimise(problem.loss(strength), ends[place], CHOOSING_STEPS, watch)
                loss, _ = loss_and_accuracy(problem.scores(ends[place], inputs), labels)
            total += loss * len(labels)
        if total >= least:
            break
        chosen, least = strength, total
    return chosen


def loss_and_accuracy(scores: Tensor, labels: Tensor) -> tuple[float, float]:
    """Mean cross-entropy in nats of scores float32[N, C], and the part whose best species is the label."""
    loss = functional.cross_entropy(scores, labels)
    return loss.item(), (scores.argmax(dim=1) == labels).double().mean().item()


class _Problem:
    """The examples, made ready: square roots, centred, one scale for all features."""

    def __init__(self, examples: Examples) -> None:
        self._root = examples.prior is None
        seen = self._seen(examples)
        self._species = examples.species
        self._mean = seen.mean(axis=0)
        # one scale, not one per feature: few photos say little about how much a single feature varies
        squares = np.einsum("nf,nf->f", seen, seen, dtype=np.float64) / max(1, len(seen))
        variances = squares - self._mean.astype(np.float64) ** 2
        self._scale = float(np.sqrt(np.maximum(variances, 0.0)).mean()) or 1.0
        self.inputs, self.labels = self._standard(seen), torch.from_numpy(examples.labels)
        self._prior = self._from(examples.prior)
        counts = np.bincount(examples.labels, minlength=len(examples.species))
        weights = 1.0 / np.sqrt(np.maximum(counts, 1))[examples.labels]
        weights /= weights.sum()
        if examples.fresh is not None:
            weights[examples.fresh] *= FRESH
        self.weights = torch.from_numpy(weights.astype(np.float32))

    def prepare(self, examples: Examples) -> tuple[Tensor, Tensor]:
        """Features float32[N, 512] as the fit sees them, and the labels int64[N]."""
        return self._standard(self._seen(examples)), torch.from_numpy(examples.labels)

    def _seen(self, examples: Examples) -> NDArray[np.float32]:
        """A copy of the features, or their roots where there is no prior."""
        positive = np.maximum(examples.features, 0.0)
        return np.sqrt(positive) if self._root else positive

    def _standard(self, seen: NDArray[np.float32]) -> Tensor:
        """Centred and scaled, in place."""
        seen -= self._mean
        seen /= np.float32(self._scale)
        return torch.from_numpy(seen)

    def start(self, head: Head | None = None) -> Tensor:
        """Where fitting starts, float64[C · 512 + C]: at a head, else at the prior."""
        return self._prior.clone() if head is None else self._from(head)

    def _from(self, head: Head | None) -> Tensor:
        """A head as parameters, 0 for species that it does not know."""
        weight = torch.zeros(len(self._species), self.inputs.shape[1], dtype=torch.float64)
        bias = torch.zeros(len(self._species), dtype=torch.float64)
        if head is not None:
            places = [self._species.index(name) for name in head.species]
            scaled = head.weight.astype(np.float64)
            weight[places] = torch.from_numpy(scaled * self._scale)
            bias[places] = torch.from_numpy(head.bias + scaled @ self._mean)
        return torch.cat([weight.ravel(), bias])

    def scores(self, parameters: Tensor, inputs: Tensor) -> Tensor:
        """Unnormalised log-confidences float32[N, C] for prepared features."""
        weight, bias = self._unpack(parameters.float())
        return torch.addmm(bias, inputs, weight.T)

    def loss(self, strength: float) -> Callable[[Tensor], tuple[float, Tensor]]:
        """The function from parameters to the loss and its gradient."""
        rows = torch.arange(len(self.labels))

        def evaluate(parameters: Tensor) -> tuple[float, Tensor]:
            away, _ = self._unpack(parameters - self._prior)
            logs = torch.log_softmax(self.scores(parameters, self.inputs), dim=1)
            loss = -(logs[rows, self.labels].double() @ self.weights.double()).item()
            errors = logs.exp_()
            errors[rows, self.labels] -= 1.0
            errors *= self.weights[:, None]
            slope = (errors.T @ self.inputs).double() + strength * away
            whole = loss + strength / 2 * away.square().sum().item()
            return whole, torch.cat([slope.ravel(), errors.sum(dim=0).double()])

        return evaluate

    def head(self, parameters: Tensor) -> Head:
        """The head for raw features: centring and scale are folded into its weights."""
        weight, bias = (part.numpy() for part in self._unpack(parameters))
        scaled = weight / self._scale
        shifted = bias - (scaled * self._mean).sum(axis=1)
        return Head(self._species, scaled.astype(np.float32), shifted.astype(np.float32), self._root)

    def _unpack(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        classes = len(self._species)
        return parameters[:-classes].reshape(classes, -1), parameters[-classes:]
