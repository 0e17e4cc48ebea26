"""Run the frozen backbone over cropped photos. The one place that knows how fast it can be done."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import ChosenDevice, Precision, free_memory
from flowersorter.learning.preprocess import normalise

_TYPES: Final = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_CROPS_PER_THREAD: Final = 4  # on a processor; more is not faster, and each takes about 10 MB
_FEWEST_ON_CPU, _MOST_ON_CPU = 8, 32
_MOST_AT_ONCE: Final = 256
_BYTES_PER_CROP: Final = 32 * 2**20  # on a GPU: the widest layers in float32, and room for cuDNN's workspace


class Network:
    """A backbone made ready for one device and precision.

    Its answers belong to `feature_space`: the backbone's own where it calculates in float32, else one with
    the precision in its name, so that features of two precisions never answer for each other in the cache.
    `agreement.open_network` chooses the precision; by itself a network calculates in float32.
    """

    def __init__(self, backbone: Backbone, device: ChosenDevice, precision: Precision = "float32") -> None:
        self.sha256 = backbone.sha256
        self.precision = precision
        self.feature_space = space_in(backbone.feature_space, precision)
        self.device = device
        self._type = _TYPES[precision]
        self._on = torch.device(device.name)
        fused = fuse_batch_norms(copy.deepcopy(backbone.net)).to(self._on)
        if device.name == "cpu":  # autocast would convert the weights again for each batch
            fused = fused.to(self._type)
        self._net = fused.to(memory_format=torch.channels_last)
        free = free_memory(device.name)
        self.batch = crops_for(torch.get_num_threads()) if free is None else crops_at_once(free)

    def __call__(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Features float32[N, 512] of N crops uint8[H, W, 3] of one size, as many at once as fit."""
        parts: list[NDArray[np.float32]] = []
        while (done := sum(map(len, parts))) < len(crops):
            try:
                parts.append(self._features(crops[done : done + self.batch]))
            except torch.OutOfMemoryError:  # another program took the GPU's memory meanwhile
                if self.batch == 1:
                    raise
                self.batch //= 2
        return np.concatenate(parts) if parts else np.empty((0, 512), np.float32)

    def _features(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        with torch.inference_mode(), self._autocast():
            # pixels in the order H, W, C are already what channels_last means
            pixels = normalise(self._sent(torch.from_numpy(np.stack(crops))).permute(0, 3, 1, 2))
            features = self._net(pixels.to(self._type) if self._on.type == "cpu" else pixels)
            return np.asarray(features.float().cpu().numpy())

    def _sent(self, pixels: Tensor) -> Tensor:
        if self._on.type == "cuda":  # from pinned memory the card fetches the pixels by itself
            return pixels.pin_memory().to(self._on, non_blocking=True)
        return pixels.to(self._on)

    def _autocast(self) -> AbstractContextManager[object]:
        if self._on.type == "cpu" or self.precision == "float32":
            return nullcontext()
        return torch.autocast(self._on.type, dtype=self._type)


def space_in(feature_space: str, precision: Precision) -> str:
    """The name of a feature space where it is calculated in `precision`."""
    return feature_space if precision == "float32" else f"{feature_space}-by-{precision}"


def crops_for(threads: int) -> int:
    """How many crops are on the processor at once."""
    return min(max(_CROPS_PER_THREAD * threads, _FEWEST_ON_CPU), _MOST_ON_CPU)


def crops_at_once(free: int) -> int:
    """How many crops may be on a GPU at once: half of its free memory (bytes), 1 to 256."""
    return min(max(free // 2 // _BYTES_PER_CROP, 1), _MOST_AT_ONCE)


def fuse_batch_norms(net: nn.Module) -> nn.Module:
    """Fold each frozen batch norm of a ResNet into the convolution before it: the same, a fifth faster."""
    for module in net.modules():
        children = dict(module.named_children())
        for conv_name, norm_name in (("conv1", "bn1"), ("conv2", "bn2"), ("0", "1")):
            conv, norm = children.get(conv_name), children.get(norm_name)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(module, norm_name, nn.Identity())
    return net
