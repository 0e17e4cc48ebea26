"""Files with a known size and hash, and arrays of a known kind: what a model file is checked by."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from flowersorter.records import Code, Refused

T = TypeVar("T")
N = TypeVar("N", bound=np.generic)

MAX_FILE_BYTES: Final = 512 * 2**20  # what half a million taught photos take


def typed(value: Any, kind: type[T]) -> T:
    """The value, if it is of that kind exactly. Raises TypeError."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value


def read_part(folder: Path, manifest: Mapping[str, Any], name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file. Raises `Refused` (MODEL_DAMAGED)."""
    content = checked_bytes(folder, manifest, name)
    try:
        return load(content)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise Refused(Code.MODEL_DAMAGED, model=folder) from error


def checked_bytes(folder: Path, manifest: Mapping[str, Any], name: str) -> bytes:
    """The content of a file, if its size and hash are the manifest's. Raises `Refused` (MODEL_DAMAGED)."""
    try:
        size = typed(manifest["files"][name]["bytes"], int)
        with (folder / name).open("rb") as stream:
            if size > MAX_FILE_BYTES or os.fstat(stream.fileno()).st_size != size:
                raise ValueError("the file has another size than was written")
            content = stream.read()
        if hashlib.sha256(content).hexdigest() != manifest["files"][name]["sha256"]:
            raise ValueError("the file is not the one that was written")
    except (OSError, ValueError, TypeError, KeyError, MemoryError) as error:
        raise Refused(Code.MODEL_DAMAGED, model=folder) from error
    return content


def array_of(
    folder: Path, part: Mapping[str, NDArray[Any]], name: str, kind: type[N], dimensions: int
) -> NDArray[N]:
    """An array of that kind and number of dimensions. Raises `Refused` (MODEL_DAMAGED)."""
    array = part.get(name)
    if array is None or array.dtype != kind or array.ndim != dimensions:
        raise Refused(Code.MODEL_DAMAGED, model=folder)
    return array


def write_synced(file: Path, content: bytes) -> dict[str, Any]:
    """Write a new file to the disk itself, and give its line of the manifest. Raises OSError."""
    with file.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def sync_folder(folder: Path) -> None:
    """Make names in a folder lasting; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
