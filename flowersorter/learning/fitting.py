"""Fit the head on cached features: regularised softmax regression, in about a second.

The loss is cross-entropy, each species weighed by one over the root of its count so that a rare one is
heard, plus strength/2 · |W|². It is convex: one answer for one set of photos, whatever the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flowersorter.learning.evaluate import Epoch
from flowersorter.learning.head import Head
from flowersorter.learning.lbfgs import minimise
from flowersorter.progress import Progress, Report, Stage, silent

STRENGTHS: Final = (1.0, 0.2, 0.04, 0.008, 0.0016, 0.0003)  # from the most cautious on
MAX_STEPS: Final = 150
CHOOSING_STEPS: Final = 15  # enough to tell strengths apart, each starting where the one before ended


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Features float32[N, 512] and labels int64[N], which count the places in `species`."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    species: tuple[str, ...]

    def where(self, mask: NDArray[np.bool_]) -> Examples:
        return Examples(self.features[mask], self.labels[mask], self.species)


def fit_head(
    taught: Examples, strength: float, *, held_back: Examples | None = None, report: Report = silent
) -> tuple[Head, tuple[Epoch, ...]]:
    """Fit a head on all of `taught`.

    With `held_back`, one `Epoch` per optimiser step is sent to `report` and returned; without, there are
    none. `Cancelled`, raised by `report`, passes through.
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

    with _one_thread():
        parameters = minimise(problem.loss(strength), problem.start(), MAX_STEPS, watch)
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
            with _one_thread():
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
        roots = np.sqrt(np.maximum(examples.features, 0.0))
        self._species = examples.species
        self._mean = roots.mean(axis=0)
        # one scale, not one per feature: few photos say little about how much a single feature varies
        self._scale = float(roots.std(axis=0).mean()) or 1.0
        self.inputs, self.labels = self.prepare(examples)
        counts = np.bincount(examples.labels, minlength=len(examples.species))
        weights = 1.0 / np.sqrt(np.maximum(counts, 1))[examples.labels]
        self.weights = torch.from_numpy((weights / weights.sum()).astype(np.float32))

    def prepare(self, examples: Examples) -> tuple[Tensor, Tensor]:
        """Features float32[N, 512] as the fit sees them, and the labels int64[N]."""
        roots = np.sqrt(np.maximum(examples.features, 0.0))
        inputs = ((roots - self._mean) / self._scale).astype(np.float32)
        return torch.from_numpy(inputs), torch.from_numpy(examples.labels)

    def start(self) -> Tensor:
        """Where fitting starts: all parameters 0, float64[C · 512 + C]."""
        return torch.zeros(len(self._species) * (self.inputs.shape[1] + 1), dtype=torch.float64)

    def scores(self, parameters: Tensor, inputs: Tensor) -> Tensor:
        """Unnormalised log-confidences float32[N, C] for prepared features."""
        weight, bias = self._unpack(parameters.float())
        return torch.addmm(bias, inputs, weight.T)

    def loss(self, strength: float) -> Callable[[Tensor], tuple[float, Tensor]]:
        """The function from parameters to the loss and its gradient."""
        rows = torch.arange(len(self.labels))

        def evaluate(parameters: Tensor) -> tuple[float, Tensor]:
            weight, _ = self._unpack(parameters)
            logs = torch.log_softmax(self.scores(parameters, self.inputs), dim=1)
            loss = -(logs[rows, self.labels].double() @ self.weights.double()).item()
            errors = logs.exp_()
            errors[rows, self.labels] -= 1.0
            errors *= self.weights[:, None]
            slope = (errors.T @ self.inputs).double() + strength * weight
            whole = loss + strength / 2 * weight.square().sum().item()
            return whole, torch.cat([slope.ravel(), errors.sum(dim=0).double()])

        return evaluate

    def head(self, parameters: Tensor) -> Head:
        """The head for raw features: centring and scale are folded into its weights."""
        weight, bias = (part.numpy() for part in self._unpack(parameters))
        scaled = weight / self._scale
        shifted = bias - (scaled * self._mean).sum(axis=1)
        return Head(self._species, scaled.astype(np.float32), shifted.astype(np.float32), root=True)

    def _unpack(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        classes = len(self._species)
        return parameters[:-classes].reshape(classes, -1), parameters[-classes:]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Multiply these narrow matrices on one core; on a busy computer waiting for a second costs tenfold."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
