"""The views of a photo: random crops and flips (torch's random numbers) to learn, the middle to test."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2

from flowersorter.learning.preprocess import CROP, centre_crop

_VIEW = v2.Compose([v2.RandomResizedCrop(CROP, antialias=True), v2.RandomHorizontalFlip()])


def random_view(pixels: Tensor) -> Tensor:
    """A random part, resized and perhaps mirrored: uint8[3, H, W] to uint8[3, 224, 224].

    torchvision's defaults: 8 to 100 % of the area, sides 3:4 to 4:3. Seed it with `torch.manual_seed`.
    """
    view: Tensor = _VIEW(pixels)
    return view


def centre_view(pixels: NDArray[np.uint8]) -> Tensor:
    """The middle of a decoded photo uint8[H, W, 3], uint8[3, 224, 224]."""
    return torch.from_numpy(np.ascontiguousarray(centre_crop(pixels))).permute(2, 0, 1)
