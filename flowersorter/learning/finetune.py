"""Learn more deeply: let the network's last layers change with the head, gently and only as long as it helps.

The head starts where fitting on the frozen features ends, not at random numbers, so that the first steps do
not tear the layers below apart (Kumar et al. 2022, arXiv:2202.10054). The deeper a layer, the slower it
changes (Howard and Ruder 2018, arXiv:1801.06146). Batch norm stays in evaluation mode with the statistics
that it came with: those of a few batches of one garden are noise, and sorting uses the fixed ones anyhow.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from flowersorter.learning.activations import (
    LAYERS,
    FreshViews,
    FrozenLayers,
    Views,
    affordable_views,
    keep_views,
    precision_of,
)
from flowersorter.learning.backbone import Backbone, backbone_of
from flowersorter.learning.devices import ChosenDevice
from flowersorter.learning.evaluate import Epoch
from flowersorter.learning.features import Seen
from flowersorter.learning.fitting import Examples, choose_strength, fit_head
from flowersorter.learning.lesson import CAUTIOUS, Learned, Lesson, answer_photos
from flowersorter.learning.split import fold_of, taught_without
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Code, Refused

HELD_BACK: Final = 0  # the fold that nothing learns from; the figures are its
WATCHED: Final = (1001, 1002)  # seeds of the folds that deal the part which says when to stop
TINY: Final = 1e-3  # added before a square root, whose slope at 0 has no end


@dataclass(frozen=True, slots=True)
class Depth:
    """Everything that decides what comes out, beside the photos. Rates are those of AdamW at their peak."""

    layers: int = 1  # stages that learn: 1 is layer4, 2 is layer3 as well
    epochs: int = 6
    views: int = 4  # random views that are kept of each photo, in turns
    batch: int = 32
    head_rate: float = 1e-3
    layer_rate: float = 1e-4
    slower: float = 0.3  # the rate of layer3 beside that of layer4
    weight_decay: float = 0.01
    warm_up: float = 0.1  # of the whole run
    smoothing: float = 0.1  # of labels; Szegedy et al. 2016, arXiv:1512.00567
    patience: int = 2  # epochs without progress on the watched part, until it stops

    def share(self, done: float) -> float:
        """The part of the peak rate after this share of the run: up in a line, down in half a cosine."""
        if done < self.warm_up:
            return done / self.warm_up
        return (1 + math.cos(math.pi * (done - self.warm_up) / (1 - self.warm_up))) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Who serves what, as masks bool[N].

    `teaching` is everything outside of the held-back fold: `learning`, from which the gradients come, and
    `watching`, which says when to stop and how strongly to rein in the head.
    """

    learning: NDArray[np.bool_]
    watching: NDArray[np.bool_]
    held_back: NDArray[np.bool_]

    @property
    def teaching(self) -> NDArray[np.bool_]:
        return self.learning | self.watching


@dataclass(frozen=True, slots=True, eq=False)
class Deepened:
    """A backbone whose last layers have changed, and how that went; losses are those of the watched part."""

    backbone: Backbone
    epochs: tuple[Epoch, ...]


def parts_of(lesson: Lesson) -> Parts:
    """Hold back one fold, and of the others' groups about one in eight for watching.

    Raises `Refused` (TOO_FEW_PHOTOS) where that leaves less than two species to learn from.
    """
    teaching = taught_without(HELD_BACK, lesson.folds, lesson.groups)
    one, other = WATCHED
    watched = [fold_of(group, one) == 0 and fold_of(group, other) < 3 for group in lesson.groups]
    watching = teaching & np.array(watched, dtype=np.bool_)
    learning = teaching & ~watching
    if len(np.unique(lesson.examples.labels[learning])) < 2:
        species = lesson.examples.species[0]
        raise Refused(Code.TOO_FEW_PHOTOS, species=species, photos=int(learning.sum()))
    return Parts(learning, watching, lesson.folds == HELD_BACK)


def learn_deeply(
    lesson: Lesson,
    backbone: Backbone,
    device: ChosenDevice,
    pool: PicturePool,
    folder: Path,
    seed: int,
    report: Report,
    depth: Depth = Depth(),
) -> Deepened:
    """Train the last layers on all folds but the held-back one; `folder` is where views may be kept.

    `report` gets a `Progress` per batch and an `Epoch` per epoch; `Cancelled` passes through.
    Raises `Refused` as `parts_of` does.
    """
    parts = parts_of(lesson)
    learning, watching = np.flatnonzero(parts.learning), np.flatnonzero(parts.watching)
    kept = affordable_views(depth.views, len(learning), len(watching), depth.layers, folder)
    count = Count(report, depth.epochs * len(learning) + kept * len(learning) + len(watching))
    fresh = FreshViews(lesson.paths, FrozenLayers(backbone.net, depth.layers, device), pool, count.add)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if not kept:
            return train(lesson, parts, backbone, fresh, device, depth, count)
        with keep_views(
            fresh, dict.fromkeys(learning.tolist(), kept), set(watching.tolist()), folder
        ) as views:
            return train(lesson, parts, backbone, views, device, depth, count)


def train(
    lesson: Lesson,
    parts: Parts,
    backbone: Backbone,
    views: Views,
    device: ChosenDevice,
    depth: Depth,
    count: Count,
) -> Deepened:
    """The loop. Random numbers are torch's: seed them first."""
    learning, watching = np.flatnonzero(parts.learning), np.flatnonzero(parts.watching)
    labels = torch.from_numpy(lesson.examples.labels)
    learner = Learner(backbone, fitted_layer(lesson, parts, count.report), device, depth)

    def watched() -> tuple[float, float] | tuple[None, None]:
        tally = _Tally()
        for places, activations in views.batches(watching, None, depth.batch):
            tally.add(*learner.look(activations, labels[places]))
            count.add(0)
        return tally.means() if tally.photos else (None, None)

    curve: list[Epoch] = []
    best, (best_loss, _), best_epoch = learner.state(), watched(), 0
    for epoch in range(depth.epochs):
        order = learning[torch.randperm(len(learning)).numpy()]
        tally = _Tally()
        for places, activations in views.batches(order, epoch, depth.batch):
            learner.set_rates((epoch + tally.photos / len(learning)) / depth.epochs)
            tally.add(*learner.step(activations, labels[places]))
            count.add(len(places))
        curve.append(Epoch(*tally.means(), *watched()))
        count.report(curve[-1])
        loss = curve[-1].val_loss
        if loss is None or best_loss is None or loss < best_loss:
            best, best_loss, best_epoch = learner.state(), loss, epoch
        elif epoch - best_epoch >= depth.patience:
            break
    return Deepened(learner.backbone(best), tuple(curve))


def with_features(lesson: Lesson, seen: Sequence[Seen]) -> Lesson:
    """The lesson on another backbone's features, `seen` in its order.

    A photo that went meanwhile is left out; groups and folds stay, so that no photo changes sides.
    """
    kept = [place for place, one in enumerate(seen) if one.features is not None]
    vectors = [one.features for one in seen if one.features is not None]
    examples = Examples(np.stack(vectors), lesson.examples.labels[kept], lesson.examples.species)
    return replace(
        lesson,
        paths=tuple(lesson.paths[place] for place in kept),
        digests=tuple(lesson.digests[place] for place in kept),
        examples=examples,
        groups=tuple(lesson.groups[place] for place in kept),
        folds=lesson.folds[kept],
    )


def learned_on(lesson: Lesson, parts: Parts, deepened: Deepened, report: Report) -> Learned:
    """Fit the head on features of the new backbone, which `lesson` must have, and answer the held-back fold.

    The head's strength is chosen on the watched part, whose features no gradient has polished. The fold is
    answered by a head of the teaching part; the head that is kept is then fitted on all photos, so that it
    knows every species, while the backbone stays the one that was judged.
    """
    examples = lesson.examples
    strength = _strength(lesson, parts, report)
    judging, _ = fit_head(examples.where(parts.teaching), strength, report=report)
    answers = tuple(answer_photos(lesson, judging, parts.held_back, parts.teaching).values())
    head, _ = fit_head(examples, strength, report=report)
    return Learned(head, deepened.epochs, answers, answers)


def seconds_needed(
    paths: Sequence[Path],
    photos: int,
    species: int,
    backbone: Backbone,
    device: ChosenDevice,
    pool: PicturePool,
    folder: Path,
    report: Report,
    depth: Depth = Depth(),
) -> float:
    """About how long learning from so many photos takes here at most, seconds: a few real ones are tried.

    It counts what `learn_deeply` does, and reading all photos before and after it by both backbones.
    Raises `Refused` (NO_PHOTOS) where none of `paths` can be read.
    """

    def tick(_: int) -> None:
        report(Progress(Stage.STARTING))

    with torch.random.fork_rng(devices=[]):
        fresh = FreshViews(paths, FrozenLayers(backbone.net, depth.layers, device), pool, tick)
        everywhere = np.arange(len(paths))
        list(fresh.batches(everywhere[:1], 0, depth.batch))  # children and kernels have started
        started = time.perf_counter()
        batches = [activations for _, activations in fresh.batches(everywhere, 0, depth.batch)]
        if not batches:
            raise Refused(Code.NO_PHOTOS, path=paths[0].parent)
        viewing = (time.perf_counter() - started) / len(paths)
        learner = Learner(backbone, nn.Linear(512, species), device, depth)
        stepping = []
        for activations in (batches[0], *batches):
            tick(0)
            started = time.perf_counter()
            learner.step(activations, torch.zeros(len(activations), dtype=torch.int64))
            stepping.append((time.perf_counter() - started) / len(activations))
    learning, watching = round(0.7 * photos), round(0.1 * photos)
    kept = affordable_views(depth.views, learning, watching, depth.layers, folder)
    views = learning * (kept or depth.epochs) + watching
    return (2 * photos + views) * viewing + depth.epochs * learning * min(stepping)


class Learner:
    """The layers that learn, the head on top, and their optimiser."""

    def __init__(self, backbone: Backbone, head: nn.Linear, device: ChosenDevice, depth: Depth) -> None:
        self._depth = depth
        self._device = torch.device(device.name)
        self._precision = precision_of(device)
        self._net = copy.deepcopy(backbone.net)
        stages = [getattr(self._net, name) for name in LAYERS[-depth.layers :]]
        self._tail = nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten()).requires_grad_(
            requires_grad=True
        )
        self._head = head
        self._tail.to(self._device).to(memory_format=torch.channels_last).eval()
        self._head.to(self._device)
        slower = [depth.slower**step for step in range(depth.layers)]
        self._peaks = [*(depth.layer_rate * share for share in reversed(slower)), depth.head_rate]
        groups = [*({"params": stage.parameters()} for stage in stages), {"params": self._head.parameters()}]
        self._optimizer = torch.optim.AdamW(groups, weight_decay=depth.weight_decay, fused=True)

    def set_rates(self, done: float) -> None:
        """The learning rates after this share of the run."""
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * self._depth.share(done)

    def step(self, activations: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Learn from one batch; gives the loss, the scores and the labels."""
        labels = labels.to(self._device)
        scores = self._scores(activations)
        loss = functional.cross_entropy(scores, labels, label_smoothing=self._depth.smoothing)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return loss.detach(), scores.detach(), labels

    def look(self, activations: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Answer one batch without learning from it."""
        labels = labels.to(self._device)
        with torch.inference_mode():
            scores = self._scores(activations)
            return functional.cross_entropy(scores, labels), scores, labels

    def state(self) -> dict[str, Tensor]:
        """A copy of the layers as they are now."""
        return {name: tensor.detach().clone() for name, tensor in self._tail.state_dict().items()}

    def backbone(self, state: dict[str, Tensor]) -> Backbone:
        """The whole network with its last layers in this state."""
        self._tail.load_state_dict(state)
        return backbone_of(self._net)

    def _scores(self, activations: Tensor) -> Tensor:
        half = self._precision is not torch.float32
        with torch.autocast(self._device.type, torch.bfloat16, enabled=half):
            features = self._tail(activations.to(self._precision))
        scores: Tensor = self._head(torch.sqrt(features.float() + TINY))
        return scores


def fitted_layer(lesson: Lesson, parts: Parts, report: Report) -> nn.Linear:
    """The head that fitting on the frozen features gives, as a layer over their square roots."""
    head, _ = fit_head(lesson.examples.where(parts.learning), _strength(lesson, parts, report), report=report)
    layer = nn.Linear(head.weight.shape[1], head.weight.shape[0])
    layer.load_state_dict({"weight": torch.from_numpy(head.weight), "bias": torch.from_numpy(head.bias)})
    return layer


def _strength(lesson: Lesson, parts: Parts, report: Report) -> float:
    if not parts.watching.any():
        return CAUTIOUS
    return choose_strength(lesson.examples, [(parts.learning, parts.watching)], report)


class Count:
    """Counts finished views for the progress, and asks at each whether to go on."""

    def __init__(self, report: Report, total: int) -> None:
        self.report = report
        self._done, self._total = 0, total

    def add(self, views: int) -> None:
        self._done += views
        self.report(Progress(Stage.TRAINING, min(self._done, self._total), self._total))


class _Tally:
    """Sums of losses and hits over the photos of an epoch."""

    def __init__(self) -> None:
        self.photos = 0
        self._loss = 0.0
        self._hits = 0

    def add(self, loss: Tensor, scores: Tensor, labels: Tensor) -> None:
        self.photos += len(labels)
        self._loss += loss.item() * len(labels)
        self._hits += int((scores.argmax(dim=1) == labels).sum())

    def means(self) -> tuple[float, float]:
        return self._loss / max(self.photos, 1), self._hits / max(self.photos, 1)
