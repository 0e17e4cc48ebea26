"""Learn more deeply: let the network's last layers change with the head, gently and only as long as it helps.

The head starts where fitting on the frozen features ends, not at random numbers, so that the first steps do
not tear the layers below apart (Kumar et al. 2022, arXiv:2202.10054). The deeper a layer, the slower it
changes (Howard and Ruder 2018, arXiv:1801.06146). Batch norm stays in evaluation mode with the statistics
that it came with: those of a few batches of one garden are noise, and sorting uses the fixed ones anyhow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from flowersorter.learning.activations import (
    FreshViews,
    FrozenLayers,
    Views,
    affordable_views,
    keep_views,
)
from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import ChosenDevice
from flowersorter.learning.evaluate import Epoch
from flowersorter.learning.features import Seen
from flowersorter.learning.fitting import Examples, choose_strength, fit_head
from flowersorter.learning.learner import Depth, Learner, Tally
from flowersorter.learning.lesson import CAUTIOUS, Learned, Lesson, answer_photos, met_and_unmet
from flowersorter.learning.split import fold_of, taught_without
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Code, Refused

HELD_BACK: Final = 0  # the fold that nothing learns from; the figures are its
WATCHED: Final = (1001, 1002)  # seeds of the folds that deal the part which says when to stop


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
    depth: Depth,
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

    def watch() -> Tally:
        tally = Tally()
        for places, activations in views.batches(watching, None, depth.batch):
            tally.add(*learner.look(activations, labels[places]))
            count.add(0)
        return tally

    curve: list[Epoch] = []
    best, least, best_epoch = learner.state(), watch().sharpened_loss(), 0
    for epoch in range(depth.epochs):
        order = learning[torch.randperm(len(learning)).numpy()]
        tally = Tally()
        for places, activations in views.batches(order, epoch, depth.batch):
            learner.set_rates((epoch + tally.photos / len(learning)) / depth.epochs)
            tally.add(*learner.step(activations, labels[places]))
            count.add(len(places))
        watched = watch()
        curve.append(Epoch(*tally.means(), *(watched.means() if watched.photos else (None, None))))
        count.report(curve[-1])
        loss = watched.sharpened_loss()
        if loss is None or least is None or loss < least:
            best, least, best_epoch = learner.state(), loss, epoch
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
        corrected=frozenset(place for place, before in enumerate(kept) if before in lesson.corrected),
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
    judged = parts.held_back.copy()
    judged[list(lesson.corrected)] = False
    met, untested = met_and_unmet(answer_photos(lesson, judging, judged, parts.teaching))
    answers = tuple(met.values())
    head, _ = fit_head(examples, strength, report=report)
    digests = tuple(lesson.digests[place] for place in met)
    return Learned(head, deepened.epochs, answers, digests, answers, untested=untested)


def fitted_layer(lesson: Lesson, parts: Parts, report: Report) -> nn.Linear:
    """The head that fitting on the frozen features gives, as a layer over their square roots."""
    head, _ = fit_head(lesson.examples.where(parts.learning), _strength(lesson, parts, report), report=report)
    layer = nn.Linear(head.weight.shape[1], head.weight.shape[0])
    layer.load_state_dict({"weight": torch.from_numpy(head.weight), "bias": torch.from_numpy(head.bias)})
    return layer


def _strength(lesson: Lesson, parts: Parts, report: Report) -> float:
    labels = lesson.examples.labels
    watching = parts.watching & np.isin(labels, labels[parts.learning])
    if not watching.any():
        return CAUTIOUS
    return choose_strength(lesson.examples, [(parts.learning, watching)], report)


class Count:
    """Counts finished views for the progress, and asks at each whether to go on."""

    def __init__(self, report: Report, total: int) -> None:
        self.report = report
        self._done, self._total = 0, total

    def add(self, views: int) -> None:
        self._done += views
        self.report(Progress(Stage.TRAINING, min(self._done, self._total), self._total))
