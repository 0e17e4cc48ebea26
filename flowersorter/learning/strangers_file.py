"""What a model file keeps of `learning.strangers`; models without it have no stranger test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors.numpy import save

from flowersorter.learning.parts import array_of, read_part
from flowersorter.learning.strangers import Strangers
from flowersorter.records import Code, Refused

STRANGERS: Final = "strangers.safetensors"


def strangers_bytes(strangers: Strangers) -> bytes:
    """The file's content; a part that was not measured is -1."""
    caught = -1.0 if strangers.caught is None else strangers.caught
    return save(
        {
            "centres": np.ascontiguousarray(strangers.centres),
            "whitening": np.ascontiguousarray(strangers.whitening),
            "limit_and_caught": np.array([strangers.limit, caught], dtype=np.float64),
        }
    )


def read_strangers(folder: Path, manifest: Mapping[str, Any], width: int) -> Strangers | None:
    """Read and check it; None where the model has none. Raises `Refused` (MODEL_DAMAGED)."""
    if STRANGERS not in manifest["files"]:
        return None
    part = read_part(folder, manifest, STRANGERS)
    centres = array_of(folder, part, "centres", np.float32, 2)
    whitening = array_of(folder, part, "whitening", np.float32, 2)
    numbers = array_of(folder, part, "limit_and_caught", np.float64, 1)
    shaped = centres.shape[1:] == (width,) and whitening.shape == (width, width) and numbers.shape == (2,)
    if not (shaped and all(np.isfinite(one).all() for one in (centres, whitening, numbers))):
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    limit, caught = numbers.tolist()
    return Strangers(centres, whitening, limit, caught if caught >= 0 else None)
