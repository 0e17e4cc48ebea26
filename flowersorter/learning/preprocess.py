"""From the decoded photo to what the backbone was trained to see. Belongs to the backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # cutting and naming the space need no torch
    from torch import Tensor

SHORT_SIDE: Final = 256  # pixels of the decoded photo's short side
CROP: Final = 224  # pixels of the square that the network sees
MEAN: Final = (0.485, 0.456, 0.406)  # of ImageNet, as every torchvision weight expects
STD: Final = (0.229, 0.224, 0.225)

# Names everything that decides the features of a photo beside the weights: photos are decoded upright
# in sRGB at the reduced scale of decoder 1, and features are kept with 16 bits.
FEATURE_SPACE: Final = f"decoder1-short{SHORT_SIDE}-centre{CROP}-imagenet-float16"


def feature_space(side: int) -> str:
    """The feature space of a backbone that scales the crop to `side` pixels before it looks at it."""
    return FEATURE_SPACE if side == CROP else FEATURE_SPACE.replace("-imagenet", f"-scaled{side}-imagenet")


def centre_crop(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut the middle 224×224 out of uint8[H, W, 3] whose short side is 256."""
    top = (pixels.shape[0] - CROP) // 2
    left = (pixels.shape[1] - CROP) // 2
    return pixels[top : top + CROP, left : left + CROP]


def normalise(pixels: Tensor) -> Tensor:
    """ImageNet's mean and deviation: uint8[N, 3, H, W] to float32 of the same shape and device."""
    parts = pixels.float() / 255.0
    mean, std = (parts.new_tensor(three).view(3, 1, 1) for three in (MEAN, STD))
    return (parts - mean) / std
