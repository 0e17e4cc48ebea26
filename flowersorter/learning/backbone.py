"""The frozen ResNet-18 that turns a photo into 512 features: load it, and check it first."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.models import resnet18

from flowersorter.learning.preprocess import CROP, feature_space
from flowersorter.own_files import write_whole
from flowersorter.records import Code, Refused

LEAST_SIDE: Final = 32  # pixels; the network halves them five times
MAX_FILE_BYTES: Final = 512 * 2**20  # a ResNet-18 in float32 has 45 MiB


@dataclass(frozen=True, slots=True, eq=False)
class Backbone:
    """A checked network in evaluation mode, without gradients, whose output is float32[N, 512].

    `sha256` is of the weights themselves, so the same network has the same one in every file format.
    """

    sha256: str
    feature_space: str
    net: nn.Module


class ScalingConv(nn.Conv2d):
    """The first layer of a network that learned on smaller pictures: it scales what it sees to `side` pixels.

    Networks know flowers best at the size at which they learned them (Touvron et al. 2019, arXiv:1906.06423).
    """

    def __init__(self, like: nn.Conv2d, side: int) -> None:
        super().__init__(3, like.out_channels, 7, stride=2, padding=3, bias=False)
        self.weight = like.weight
        self.side = side

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels [N, 3, H, W] of any size."""
        size = (self.side, self.side)
        # bfloat16 cannot be scaled on a processor
        scaled = interpolate(pixels.float(), size=size, mode="bilinear", antialias=True)
        return super().forward(scaled.to(pixels.dtype))


def load_backbone(file: Path) -> Backbone:
    """Load a ResNet-18 state dict of torchvision's layout (``.pth``, or ``.safetensors``).

    The classifier in the file, of any width or none, is left out. No code in the file is ever run. A file of
    ours names the side of the pictures that the network wants where that is not 224 pixels.
    Raises `Refused`: WEIGHTS_NOT_FOUND, WEIGHTS_DAMAGED, WEIGHTS_OTHER_NETWORK.
    """
    state = _checked(file, _read(file))
    net = resnet18(weights=None)
    net.fc = nn.Identity()
    net.load_state_dict(state)
    side = _side(file)
    if side != CROP:
        net.conv1 = ScalingConv(net.conv1, side)
    backbone = backbone_of(net)
    with torch.inference_mode():  # sound numbers may still make features that are none, or beyond float16
        features = backbone.net(torch.linspace(-2.0, 2.0, 3 * 64 * 64).reshape(1, 3, 64, 64))
    if not features.half().isfinite().all():
        raise Refused(Code.WEIGHTS_DAMAGED, path=file)
    return backbone


def backbone_of(net: nn.Module) -> Backbone:
    """A ResNet-18 that ends in its features as a backbone: on the CPU and frozen."""
    net = net.cpu().to(memory_format=torch.contiguous_format).requires_grad_(requires_grad=False).eval()
    return Backbone(_digest(net.state_dict()), feature_space(_side_of(net)), net)


def _read(file: Path) -> Any:
    try:
        size = file.stat().st_size
    except OSError:
        raise Refused(Code.WEIGHTS_NOT_FOUND, path=file) from None
    if size > MAX_FILE_BYTES:
        raise Refused(Code.WEIGHTS_OTHER_NETWORK, path=file)
    try:
        if file.suffix.lower() == ".safetensors":
            return load_file(file)
        _refuse_inflating(file)
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises a dozen kinds for damaged and for hostile files
        raise Refused(Code.WEIGHTS_DAMAGED, path=file) from error


def _refuse_inflating(file: Path) -> None:
    """A checkpoint stores its tensors as they are; one that unpacks to more is a bomb."""
    if not zipfile.is_zipfile(file):
        return
    with zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_FILE_BYTES:
            raise ValueError("the archive unpacks to more than any ResNet-18 holds")


def _checked(file: Path, state: Any) -> dict[str, Tensor]:
    """The float32 tensors of a ResNet-18 by name, without its classifier."""
    with torch.device("meta"):
        expected = resnet18(weights=None).state_dict()
    if not isinstance(state, dict):
        raise Refused(Code.WEIGHTS_OTHER_NETWORK, path=file)
    wanted = {name: tensor for name, tensor in expected.items() if not name.startswith("fc.")}
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    present = {name for name in state if name not in ("fc.weight", "fc.bias")}
    if present - counters != wanted.keys() - counters:
        raise Refused(Code.WEIGHTS_OTHER_NETWORK, path=file)
    checked = {name: torch.zeros((), dtype=torch.int64) for name in counters}
    for name in wanted.keys() - counters:
        tensor = state[name]
        if not _is_plain(tensor) or tensor.shape != wanted[name].shape:
            raise Refused(Code.WEIGHTS_OTHER_NETWORK, path=file)
        checked[name] = tensor.detach().to(torch.float32).contiguous()
        if not torch.isfinite(checked[name]).all():
            raise Refused(Code.WEIGHTS_DAMAGED, path=file)
    return checked


def _is_plain(tensor: Any) -> bool:
    return (
        isinstance(tensor, Tensor)
        and tensor.layout is torch.strided
        and tensor.device.type == "cpu"
        and tensor.is_floating_point()
    )


def _digest(state: dict[str, Tensor]) -> str:
    """sha256 over the names and float32 bytes of the tensors, in the order of their names."""
    total = hashlib.sha256()
    for name in sorted(state):
        if not name.endswith("num_batches_tracked"):
            total.update(name.encode())
            total.update(state[name].numpy().tobytes())
    return total.hexdigest()


def backbone_bytes(state: dict[str, Tensor], side: int) -> bytes:
    """Weights as safetensors, with the side of the pictures that they want, pixels."""
    return save(state, {"side": str(side)})


def _side_of(net: nn.Module) -> int:
    return net.conv1.side if isinstance(net.conv1, ScalingConv) else CROP


def _side(file: Path) -> int:
    """The side that a file names, else 224. Raises `Refused` (WEIGHTS_DAMAGED) for one that cannot be."""
    if file.suffix.lower() != ".safetensors":
        return CROP
    with safe_open(file, "pt") as opened:
        named = (opened.metadata() or {}).get("side", str(CROP))
    if not named.isdecimal() or not LEAST_SIDE <= int(named) <= CROP:
        raise Refused(Code.WEIGHTS_DAMAGED, path=file)
    return int(named)


def save_backbone(backbone: Backbone, file: Path) -> None:
    """Write the weights as safetensors, whole or not at all. Raises OSError."""
    write_whole(file, backbone_bytes(dict(backbone.net.state_dict()), _side_of(backbone.net)))
