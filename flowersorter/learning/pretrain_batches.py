"""What training sees: which photos in which order, how they are cropped and altered, how batches are mixed.

All chance hangs on (seed, epoch, photo) or (seed, epoch, step) alone, so a run that was stopped anywhere
goes on as if it had not been.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import InterpolationMode, v2

from flowersorter.learning.preprocess import MEAN
from flowersorter.learning.pretrain_photos import Pixels

SMALLEST_CROP = 0.25  # of the photo's area
HEARD_AS = 50  # photos; a species with fewer is repeated, see `drawn`
GREY = [round(255 * value) for value in MEAN]  # what turning and shifting uncover


class Crops(Dataset[tuple[Tensor, int]]):
    """One epoch's altered crops uint8[side, side, 3] and labels, by the photo's number."""

    def __init__(self, pixels: Pixels, labels: NDArray[np.int64], side: int, seed: int, epoch: int) -> None:
        self._pixels = pixels
        self._labels = labels
        self._seed, self._epoch = seed, epoch
        self._alter = v2.Compose(
            [
                v2.RandomResizedCrop(side, scale=(SMALLEST_CROP, 1.0), antialias=True),
                v2.RandomHorizontalFlip(),
                # Müller and Hutter 2021, arXiv:2103.10158
                v2.TrivialAugmentWide(interpolation=InterpolationMode.BILINEAR, fill=GREY),
            ]
        )

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        seed_chance(self._seed, self._epoch, "photo", number)
        altered = self._alter(Image.fromarray(self._pixels[number]))
        return torch.from_numpy(np.array(altered)), int(self._labels[number])


class Mixer:
    """Leaves a batch as it is, mixes photos (mixup) or pastes them together (CutMix), a third each.

    Zhang et al. 2018, arXiv:1710.09412; Yun et al. 2019, arXiv:1905.04899.
    """

    def __init__(self, classes: int) -> None:
        self._classes = classes
        self._ways = v2.RandomChoice(
            [v2.Identity(), v2.MixUp(alpha=0.2, num_classes=classes), v2.CutMix(num_classes=classes)]
        )

    def __call__(self, photos: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Photos float32[N, 3, H, W] and labels int64[N] to such photos and shares float32[N, classes]."""
        photos, labels = self._ways(photos, labels)
        if labels.ndim == 1:
            labels = torch.nn.functional.one_hot(labels, self._classes).float()
        return photos, labels


def seed_chance(*of: object) -> None:
    """Make what torch draws next on the CPU a function of these values."""
    digest = hashlib.sha256("/".join(map(str, of)).encode()).digest()
    torch.default_generator.manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def drawn(training: Sequence[int], labels: NDArray[np.int64], seed: int, epoch: int) -> list[int]:
    """The numbers of the photos that an epoch shows, in order; as many in every epoch.

    Each photo comes once, and of a species with n < HEARD_AS photos some a second time, so that it comes
    n * sqrt(HEARD_AS / n) times (repeat factors: Gupta et al. 2019, arXiv:1908.03195).
    """
    chance = np.random.default_rng([seed, epoch])
    numbers = np.array(training, dtype=np.int64)
    shown = [numbers]
    for label in np.unique(labels[numbers]):
        own = numbers[labels[numbers] == label]
        surplus = min(len(own), round(np.sqrt(len(own) * HEARD_AS)) - len(own))
        if surplus > 0:
            shown.append(chance.permutation(own)[:surplus])
    order: list[int] = chance.permutation(np.concatenate(shown)).tolist()
    return order


def batches(
    crops: Crops, order: Sequence[int], size: int, first: int, workers: int
) -> DataLoader[tuple[Tensor, int]]:
    """The full batches of an epoch from number `first` on: uint8[size, side, side, 3], int64[size]."""
    starts = range(first * size, len(order) - size + 1, size)
    return DataLoader(
        crops,
        batch_sampler=[list(order[start : start + size]) for start in starts],
        num_workers=workers,
        prefetch_factor=4 if workers else None,
    )
