"""A ResNet-18 with torchvision's layout that was never trained: weights for tests without weights."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import resnet18


def random_state(seed: int = 0, classes: int = 1000) -> dict[str, Tensor]:
    """The state dict of a random ResNet-18; one seed always gives the same.

    The running statistics are those of smooth noise, so that every layer passes on what it sees.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = resnet18(weights=None, num_classes=classes)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # the mean over the batches seen
        net.train()
        with torch.no_grad():
            for size in (4, 8, 16, 32):
                noise = torch.randn(16, 3, size, size)
                net(nn.functional.interpolate(noise, size=96, mode="bilinear"))
    return net.state_dict()


def save_random_weights(file: Path, seed: int = 0) -> Path:
    """Write such a state dict as a ``.pth`` file, and give the path back."""
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(random_state(seed), file)
    return file
