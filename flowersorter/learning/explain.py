"""Why a species was named: where in the photo the network found it, and which taught photos are like it."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from flowersorter.learning.head import Head
from flowersorter.learning.preprocess import CROP, normalise

_CHUNK: Final = 4096  # photos compared at a time; bounds the memory


def activations(net: nn.Module, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the last layer of a ResNet sees before pooling, float32[512, 7, 7], for uint8[224, 224, 3].

    Its mean over the places is the photo's features.
    """
    last_stage = [part for name, part in net.named_children() if name not in ("avgpool", "fc")]
    with torch.inference_mode():
        maps = normalise(torch.from_numpy(crop.copy())[None].permute(0, 3, 1, 2))
        for part in last_stage:
            maps = part(maps)
        return np.asarray(maps[0].float().numpy())


def heat_map(maps: NDArray[np.float32], head: Head, species: str) -> NDArray[np.float32]:
    """How much each place of the crop speaks for a species, float32[224, 224] from 0 to 1 (the most).

    Class activation mapping (Zhou et al. 2016, arXiv:1512.04150): the score is a sum over places, because
    the features are means over places. For a head on square roots the weights are the gradient through root
    and mean, as in Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391); up to a factor of two the places still
    add up to the whole score. What speaks against the species is left out; all 0 where nothing speaks for it.
    """
    weight = head.weight[head.species.index(species)].astype(np.float64)
    # a softmax compares: what every species gets alike says nothing for this one
    weight = weight - head.weight.mean(axis=0, dtype=np.float64)
    if head.root:
        features = maps.mean(axis=(1, 2), dtype=np.float64)
        weight = np.divide(weight, 2 * np.sqrt(features), out=np.zeros_like(weight), where=features > 0)
    places = torch.from_numpy(np.einsum("f,fhw->hw", weight, maps))[None, None].relu()
    whole = nn.functional.interpolate(places, size=(CROP, CROP), mode="bilinear")[0, 0]
    most = float(whole.max())
    return np.asarray((whole / most if most > 0 else whole).float().numpy())


def likeness(taught: NDArray[np.float16], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine between a photo's features float32[512] and each of float16[N, 512], float32[N]."""
    cosines = np.empty(len(taught), np.float32)
    length = float(np.linalg.norm(features)) or 1.0
    for start in range(0, len(taught), _CHUNK):
        rows = taught[start : start + _CHUNK].astype(np.float32)
        lengths = np.maximum(np.linalg.norm(rows, axis=1), np.finfo(np.float32).tiny)
        cosines[start : start + _CHUNK] = rows @ features / (lengths * length)
    return cosines
