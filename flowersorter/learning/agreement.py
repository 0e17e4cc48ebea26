"""A faster engine may answer for a model only after it agreed with the reference on this machine.

The reference is float32 on the processor. What agreed once is remembered by the backbone's weights, the
engine, the machine and the version of torch, for each of these can change what an engine calculates.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import ChosenDevice, choose_device, machine_of, precisions
from flowersorter.learning.network import Network
from flowersorter.learning.preprocess import CROP
from flowersorter.own_files import write_whole

BOUND: Final = (
    0.999  # cosine between both answers; bfloat16 has 0.9995 on real photos, other photos 0.6 to 0.98
)
CROPS: Final = 12
_REMEMBERED: Final = 64  # verdicts

Engine = Callable[[list[NDArray[np.uint8]]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How an engine did beside the reference on the drawn crops.

    `likeness` is the least cosine between the two answers for a crop. `same_decisions` says whether a head
    that knows each crop by the reference's features finds every crop in the engine's.
    """

    likeness: float
    same_decisions: bool

    @property
    def agrees(self) -> bool:
        return self.same_decisions and self.likeness >= BOUND


def open_network(backbone: Backbone, device: ChosenDevice, memory: Path) -> Network:
    """The fastest network for a device that agrees with the reference; `memory` keeps the verdicts (JSON).

    The first time it takes about a second. Where nothing faster agrees it is the reference itself, and its
    `device` says why.
    """
    reference: Network | None = None
    problems = []
    for precision in precisions(device.name):
        if (device.name, precision) == ("cpu", "float32"):
            break
        key = f"{backbone.sha256} {machine_of(device)} {precision} torch {torch.__version__}"
        verdict = _recall(memory).get(key)
        try:
            network = Network(backbone, device, precision)
        except RuntimeError as error:  # a GPU that is full now
            problems.append(f"{precision}: {str(error).partition(chr(10))[0]}")
            continue
        if verdict is None:
            reference = reference or Network(backbone, choose_device("cpu"))
            try:
                verdict = compare(reference, network)
            except RuntimeError as error:  # a GPU that is full now may serve another time: not remembered
                problems.append(f"{precision}: {str(error).partition(chr(10))[0]}")
                continue
            _remember(memory, key, verdict)
        if verdict.agrees:
            return network
        problems.append(f"{precision} calculates otherwise here (likeness {verdict.likeness:.4f})")
    cpu = device if device.name == "cpu" else choose_device("cpu")
    reasons = [device.reason, *(f"{device.name}: {problem}" for problem in problems)]
    return Network(backbone, replace(cpu, reason="; ".join(filter(None, reasons))))


def compare(reference: Engine, engine: Engine) -> Agreement:
    """Let both answer the drawn crops. Raises RuntimeError where the engine fails."""
    crops = drawn_crops()
    wanted, found = _directions(reference(crops)), _directions(engine(crops))
    likeness = found @ wanted.T
    least = float(np.diag(likeness).min())
    if not np.isfinite(likeness).all():
        return Agreement(0.0, same_decisions=False)
    return Agreement(least, bool((likeness.argmax(axis=1) == np.arange(len(crops))).all()))


def drawn_crops() -> list[NDArray[np.uint8]]:
    """Cloudy crops uint8[224, 224, 3] with detail of every size, always the same."""
    random = np.random.default_rng(0)
    return [_clouds(random) for _ in range(CROPS)]


def _clouds(random: np.random.Generator) -> NDArray[np.uint8]:
    total = torch.zeros(1, 3, CROP, CROP)
    for cells in (2, 4, 8, 16, 32):
        noise = torch.from_numpy(random.normal(scale=(2 / cells) ** 0.5, size=(1, 3, cells, cells)))
        total += interpolate(noise.float(), size=CROP, mode="bilinear")
    pixels = (total - total.mean()) / total.std() * 60 + 120
    return np.asarray(pixels.clamp(0, 255).byte()[0].permute(1, 2, 0).contiguous().numpy())


def _directions(features: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = features.astype(np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)


def _recall(memory: Path) -> dict[str, Agreement]:
    """The verdicts of earlier starts; a damaged file has none."""
    try:
        kept = json.loads(memory.read_text("utf-8"))
        return {
            key: Agreement(float(like), same_decisions=same is True) for key, (like, same) in kept.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(memory: Path, key: str, verdict: Agreement) -> None:
    verdicts = {**_recall(memory), key: verdict}
    newest = dict(list(verdicts.items())[-_REMEMBERED:])
    text = json.dumps({name: (one.likeness, one.same_decisions) for name, one in newest.items()})
    try:
        write_whole(memory, text.encode())
    except OSError:
        return  # a full disk costs a second at the next start
