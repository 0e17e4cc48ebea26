"""The transfer recipe of the textbooks, word for word: a frozen ResNet-18 and a new last layer.

Random crops and flips, cross-entropy, stochastic gradient descent with momentum, ten epochs, every photo
decoded in every epoch. After S. Chilamkurthy, "Transfer Learning for Computer Vision" (PyTorch tutorials).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flowersorter.learning.augment import centre_view, random_view
from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import ChosenDevice
from flowersorter.learning.evaluate import Epoch
from flowersorter.learning.head import Head
from flowersorter.learning.lesson import Learned, Lesson, answer_photos, met_and_unmet
from flowersorter.learning.preprocess import SHORT_SIDE, normalise
from flowersorter.learning.split import taught_without
from flowersorter.pictures.decode import Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Code, Refused

EPOCHS: Final = 10
BATCH: Final = 32
LEARNING_RATE: Final = 0.001
MOMENTUM: Final = 0.9
HELD_BACK: Final = 0  # the fold that is not taught

View = Callable[[NDArray[np.uint8]], Tensor]


def learn_by_recipe(
    lesson: Lesson,
    backbone: Backbone,
    device: ChosenDevice,
    pool: PicturePool,
    seed: int,
    report: Report,
    epochs: int = EPOCHS,
) -> Learned:
    """Train a last layer on all folds but the held-back one, and answer that one.

    `report` gets a `Progress` per batch and an `Epoch` per epoch; `Cancelled` passes through.
    Raises `Refused` (TOO_FEW_PHOTOS) where the split leaves nothing to teach.
    """
    examples = lesson.examples
    teaching = taught_without(HELD_BACK, lesson.folds, lesson.groups)
    judged = lesson.folds == HELD_BACK
    judged[list(lesson.corrected)] = False
    if len(np.unique(examples.labels[teaching])) < 2:
        raise Refused(Code.TOO_FEW_PHOTOS, species=examples.species[0], photos=int(teaching.sum()))
    taught, held_back = np.flatnonzero(teaching), np.flatnonzero(judged)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net, layer = frozen_with_new_layer(backbone, len(examples.species))
        loop = _Loop(
            net.to(device.name), layer, lesson, pool, report, total=epochs * (len(taught) + len(held_back))
        )
        curve = []
        for _ in range(epochs):
            order = taught[torch.randperm(len(taught)).numpy()]
            train_loss, train_accuracy = loop.train(order)
            val_loss, val_accuracy = loop.validate(held_back)
            curve.append(Epoch(train_loss, train_accuracy, val_loss, val_accuracy))
            report(curve[-1])
    head = Head(examples.species, _numbers(layer.weight), _numbers(layer.bias), root=False)
    met, untested = met_and_unmet(answer_photos(lesson, head, judged, teaching))
    answers, digests = tuple(met.values()), tuple(lesson.digests[place] for place in met)
    return Learned(head, tuple(curve), answers, digests, answers, untested=untested)


def frozen_with_new_layer(backbone: Backbone, classes: int) -> tuple[nn.Module, nn.Linear]:
    """A copy of the backbone with a new layer on top, and that layer, the only one that has gradients."""
    net = copy.deepcopy(backbone.net)
    for parameter in net.parameters():
        parameter.requires_grad = False
    layer = nn.Linear(512, classes)
    net.fc = layer
    return net, layer


class _Loop:
    """The training loop and what it counts."""

    def __init__(
        self, net: nn.Module, layer: nn.Linear, lesson: Lesson, pool: PicturePool, report: Report, total: int
    ) -> None:
        self._net = net
        self._lesson = lesson
        self._pool = pool
        self._report = report
        self._done, self._total = 0, total
        self._criterion = nn.CrossEntropyLoss()
        self._optimizer = torch.optim.SGD(layer.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)

    def train(self, order: NDArray[np.int64]) -> tuple[float, float]:
        """One pass over the photos at these places of the lesson; gives the mean loss and the accuracy."""
        # evaluation mode in training, too: else batch norm would change the layers that are frozen
        self._net.eval()
        tally = _Tally()
        for pixels, labels in self._batches(order, _random_view):
            outputs = self._net(normalise(pixels))
            loss = self._criterion(outputs, labels)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            tally.add(loss, outputs, labels)
        return tally.means()

    def validate(self, order: NDArray[np.int64]) -> tuple[float, float] | tuple[None, None]:
        """The mean loss and the accuracy on centre crops; None where there are no photos."""
        self._net.eval()
        tally = _Tally()
        with torch.inference_mode():
            for pixels, labels in self._batches(order, centre_view):
                outputs = self._net(normalise(pixels))
                tally.add(self._criterion(outputs, labels), outputs, labels)
        return tally.means() if tally.photos else (None, None)

    def _batches(self, order: NDArray[np.int64], view: View) -> Iterator[tuple[Tensor, Tensor]]:
        """Views uint8[32, 3, 224, 224] and labels int64[32], the last batch smaller."""
        device = next(self._net.parameters()).device
        views: list[Tensor] = []
        labels: list[int] = []
        paths: Sequence[Path] = [self._lesson.paths[place] for place in order]
        looks = self._pool.looks(paths, Wanted(short_side=SHORT_SIDE), self._pulse)
        for count, (place, look) in enumerate(zip(order, looks, strict=True), start=1):
            if look.pixels is not None:  # it was readable at first; gone since, it is not taught
                views.append(view(look.pixels))
                labels.append(int(self._lesson.examples.labels[place]))
            if views and (len(views) == BATCH or count == len(order)):
                yield torch.stack(views).to(device), torch.tensor(labels, device=device)
                self._done += len(views)
                self._pulse()
                views, labels = [], []

    def _pulse(self) -> None:
        self._report(Progress(Stage.TRAINING, self._done, self._total))


class _Tally:
    """Sums of losses and hits over the photos of an epoch."""

    def __init__(self) -> None:
        self.photos = 0
        self._loss = 0.0
        self._hits = 0

    def add(self, loss: Tensor, outputs: Tensor, labels: Tensor) -> None:
        self.photos += len(labels)
        self._loss += loss.item() * len(labels)
        self._hits += int((outputs.argmax(dim=1) == labels).sum())

    def means(self) -> tuple[float, float]:
        return self._loss / max(self.photos, 1), self._hits / max(self.photos, 1)


def _random_view(pixels: NDArray[np.uint8]) -> Tensor:
    return random_view(torch.from_numpy(pixels).permute(2, 0, 1))


def _numbers(parameter: Tensor) -> NDArray[np.float32]:
    return np.asarray(parameter.detach().cpu().numpy())
