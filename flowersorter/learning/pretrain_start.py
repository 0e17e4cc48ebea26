"""Where another cycle of pretraining begins: at the weights of a model that pretraining made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from flowersorter.learning.backbone import load_backbone
from flowersorter.learning.bundle import PRETRAINED, ModelInfo, backbone_file, read_model
from flowersorter.records import Code, Refused

FIGURES_FILE = "figures.json"


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """A model to go on from: what it says of itself, its figures, and the state dict that it had learned."""

    info: ModelInfo
    told: Mapping[str, Any]
    state: Mapping[str, Tensor]

    def state_of(self, species: tuple[str, ...]) -> Mapping[str, Tensor]:
        """The weights. Raises `Refused` (BAD_ARGUMENT) where they name other species."""
        if self.info.species != species:
            raise Refused(Code.BAD_ARGUMENT, detail=f"{self.info.path} names other species than the photos")
        return self.state


def read_earlier(folder: Path) -> Earlier:
    """Read a model that `pretrain_export.export` wrote.

    Raises `Refused`: as `read_model` and `load_backbone` do, BAD_ARGUMENT for a model made otherwise.
    """
    model = read_model(folder)
    weights = backbone_file(folder)
    if weights is None or model.info.method != PRETRAINED or model.head.root:
        raise Refused(Code.BAD_ARGUMENT, detail=f"{folder} is no model that pretraining made")
    state: dict[str, Tensor] = dict(load_backbone(weights).net.state_dict())
    told = json.loads((folder / FIGURES_FILE).read_text("utf-8"))
    learned = model.head.tempered(1 / told.get("temperature", 1.0))
    state["fc.weight"], state["fc.bias"] = torch.from_numpy(learned.weight), torch.from_numpy(learned.bias)
    return Earlier(model.info, told, state)
