"""What a model file keeps of `learning.strangers`; models without it have no stranger test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from flowersorter.learning.parts import array_of, read_part
from flowersorter.learning.strangers import Strangers
from flowersorter.records import Code, Refused

STRANGERS: Final = "strangers.safetensors"


def strangers_bytes(strangers: Strangers) -> bytes:
    """The file's content, coordinates with 16 bits; a part that was not measured is -1."""
    caught = -1.0 if strangers.caught is None else strangers.caught
    return save(
        {
            "centres": np.ascontiguousarray(strangers.centres, dtype=np.float16),
            "whitening": np.ascontiguousarray(strangers.whitening, dtype=np.float16),
            "limit_and_caught": np.array([strangers.limit, caught], dtype=np.float64),
        }
    )


def read_strangers(folder: Path, manifest: Mapping[str, Any], width: int) -> Strangers | None:
    """Read and check it; None where the model has none. Raises `Refused` (MODEL_DAMAGED)."""
    if STRANGERS not in manifest["files"]:
        return None
    part = read_part(folder, manifest, STRANGERS)
    centres, whitening = (_coordinates(folder, part, name) for name in ("centres", "whitening"))
    numbers = array_of(folder, part, "limit_and_caught", np.float64, 1)
    shaped = centres.shape[1:] == (width,) and whitening.shape == (width, width) and numbers.shape == (2,)
    if not (shaped and all(np.isfinite(one).all() for one in (centres, whitening, numbers))):
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    limit, caught = numbers.tolist()
    return Strangers(centres, whitening, limit, caught if caught >= 0 else None)


def _coordinates(folder: Path, part: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    """An array of two dimensions; earlier versions wrote 32 bits."""
    if name in part and part[name].dtype == np.float32:
        return array_of(folder, part, name, np.float32, 2)
    return array_of(folder, part, name, np.float16, 2).astype(np.float32)
