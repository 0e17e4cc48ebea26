"""The versions of a model, and which of them is in force.

``models/<slug>/current`` names the version in force; where it is missing or names none, the newest is. It is
replaced in one step, so that a kill or a full disk leaves the version that was in force before (promise 20).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Final

from flowersorter.learning.parts import sync_folder

CURRENT: Final = "current"
NONE: Final = "0000"  # the model that came with the program is in force, and no version of what it became
UNFINISHED_MARK: Final = ".current-"
_LONGEST: Final = 32  # bytes of a mark that we wrote


def folders_of(model: Path) -> list[Path]:
    """The version folders of one model, oldest first."""
    if not model.is_dir():
        return []
    versions = [
        path for path in model.iterdir() if path.name.isdecimal() and path.name.isascii() and path.is_dir()
    ]
    return sorted(versions, key=lambda path: (len(path.name), path.name))


def in_force(model: Path) -> Path | None:
    """The folder of the version in force; None where there is no version, or where none is to be used."""
    versions = folders_of(model)
    if not versions:
        return None
    try:
        with (model / CURRENT).open("rb") as stream:
            marked = stream.read(_LONGEST).decode("ascii", "replace").strip()
    except OSError:
        return versions[-1]
    if marked == NONE:
        return None
    return next((version for version in versions if version.name == marked), versions[-1])


def put_in_force(version: Path) -> None:
    """Make a version the one in force. Raises OSError; then the one before stays in force."""
    model = version.parent
    handle, beside = tempfile.mkstemp(prefix=UNFINISHED_MARK, dir=model)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(version.name + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, model / CURRENT)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        raise
    sync_folder(model)


def hold_in_force(model: Path) -> None:
    """Mark the version that is in force now, so that a newer one does not take its place by being newer."""
    version = in_force(model)
    if version is not None:
        put_in_force(version)
