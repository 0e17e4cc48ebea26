"""The layers that learn, when not all are frozen: how deep, how fast, and one step of it."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from flowersorter.learning.activations import LAYERS
from flowersorter.learning.backbone import Backbone, backbone_of
from flowersorter.learning.devices import ChosenDevice, training_type

TINY: Final = 1e-3  # added before a square root, whose slope at 0 has no end


@dataclass(frozen=True, slots=True)
class Depth:
    """Everything that decides what comes out, beside the photos. Rates are those of AdamW at their peak."""

    layers: int = 1  # stages that learn: 1 is layer4, 2 is layer3 as well
    epochs: int = 6
    views: int = 4  # random views that are kept of each photo, in turns
    batch: int = 32
    head_rate: float = 1e-4
    layer_rate: float = 3e-5
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


class Learner:
    """The layers that learn, the head on top, and their optimiser."""

    def __init__(self, backbone: Backbone, head: nn.Linear, device: ChosenDevice, depth: Depth) -> None:
        self._depth = depth
        self._device = torch.device(device.name)
        self._precision = training_type(device.name)
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


class Tally:
    """What the photos of an epoch were answered, and the sum of the losses."""

    def __init__(self) -> None:
        self.photos = 0
        self._loss = 0.0
        self._scores: list[Tensor] = []
        self._labels: list[Tensor] = []

    def add(self, loss: Tensor, scores: Tensor, labels: Tensor) -> None:
        self.photos += len(labels)
        self._loss += loss.item() * len(labels)
        self._scores.append(scores.cpu())
        self._labels.append(labels.cpu())

    def means(self) -> tuple[float, float]:
        """The mean loss, and the part whose best species is the label."""
        hits = (torch.cat(self._scores).argmax(dim=1) == torch.cat(self._labels)).sum().item()
        return self._loss / self.photos, hits / self.photos

    def sharpened_loss(self) -> float | None:
        """The least mean cross-entropy of all sharpnesses of the answers (Guo et al. 2017, 1706.04599).

        Smoothed labels make answers blunt; as the head is fitted anew, that is no reason to stop. None
        where there are no photos.
        """
        if not self.photos:
            return None
        scores, labels = torch.cat(self._scores), torch.cat(self._labels)
        sharpnesses = torch.logspace(-2, 2, 33, base=2.0).tolist()
        return min(functional.cross_entropy(scores * sharpness, labels).item() for sharpness in sharpnesses)
