"""The views that training sees: random crops and flips, from torch's random numbers."""

from __future__ import annotations

from torch import Tensor
from torchvision.transforms import v2

from flowersorter.learning.preprocess import CROP

_VIEW = v2.Compose([v2.RandomResizedCrop(CROP, antialias=True), v2.RandomHorizontalFlip()])


def random_view(pixels: Tensor) -> Tensor:
    """A random part, resized and perhaps mirrored: uint8[3, H, W] to uint8[3, 224, 224].

    torchvision's defaults: 8 to 100 % of the area, sides 3:4 to 4:3. Seed it with `torch.manual_seed`.
    """
    view: Tensor = _VIEW(pixels)
    return view
