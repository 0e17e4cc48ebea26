"""What a model file keeps so that a correction can be learned in a moment, beside what it was taught on.

Models of earlier versions lack it; they are taught again from their folder first. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowersorter.learning.head import WIDTH, Head, Start
from flowersorter.learning.parts import array_of
from flowersorter.learning.split import FOLDS
from flowersorter.records import Code, Refused

Again = tuple[bool, frozenset[int], Start | None]


def again_arrays(given: bool, corrected: frozenset[int], start: Start | None) -> dict[str, NDArray[Any]]:
    """The arrays of the model file; those of the `start` only where there is one."""
    arrays: dict[str, NDArray[Any]] = {
        "given": np.array([given], dtype=np.uint8),
        "corrected": np.array(sorted(corrected), dtype=np.int64),
    }
    heads = [] if start is None else [head for head in start.heads if head is not None]
    if start is None or not heads:
        return arrays
    return arrays | {
        "strength": np.array([start.strength], dtype=np.float32),
        "fold_taught": np.array([head is not None for head in start.heads], dtype=np.uint8),
        "fold_weights": np.stack([head.weight for head in heads]),
        "fold_biases": np.stack([head.bias for head in heads]),
    }


def read_again(folder: Path, part: Mapping[str, Any], count: int, species: tuple[str, ...]) -> Again:
    """Whether people made the split, the places of corrected photos, and where to start from.

    `part` are the arrays of the model in `folder` about `count` photos. Raises `Refused` (MODEL_DAMAGED).
    """
    if "given" not in part:
        return False, frozenset(), None
    given = array_of(folder, part, "given", np.uint8, 1)
    corrected = array_of(folder, part, "corrected", np.int64, 1)
    places_sound = not len(corrected) or (corrected.min() >= 0 and corrected.max() < count)
    if given.shape != (1,) or not places_sound:
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    if "strength" not in part:
        return bool(given[0]), frozenset(corrected.tolist()), None
    strength = array_of(folder, part, "strength", np.float32, 1)
    taught = array_of(folder, part, "fold_taught", np.uint8, 1).astype(np.bool_)
    weights = array_of(folder, part, "fold_weights", np.float32, 3)
    biases = array_of(folder, part, "fold_biases", np.float32, 2)
    heads = int(taught.sum())
    shapes = (strength.shape, taught.shape, weights.shape, biases.shape)
    if shapes != ((1,), (FOLDS,), (heads, len(species), WIDTH), (heads, len(species))):
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    numbers_sound = np.isfinite(weights).all() and np.isfinite(biases).all() and strength[0] > 0
    if not numbers_sound:
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    found = iter(zip(weights, biases, strict=True))
    folds = tuple(Head(species, *next(found), root=True) if one else None for one in taught)
    return bool(given[0]), frozenset(corrected.tolist()), Start(float(strength[0]), folds)
