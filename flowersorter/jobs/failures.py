"""What people are told of a failure that no room foresaw."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from flowersorter import databases
from flowersorter.records import Code, Refused
from flowersorter.sorting.troubles import reason_of

_OUR_FILES = Path("FlowerSorter's own files")


def as_refusal(error: Exception) -> Refused:
    """A refusal as it is; a file that cannot be used by its name; anything else as a defect of ours."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, sqlite3.OperationalError):
        return databases.refusal(error, _OUR_FILES)
    if isinstance(error, OSError):
        path = _path_in(error)
        if reason_of(error, path or _OUR_FILES).code is Code.DISK_FULL:
            return Refused(Code.DISK_FULL, path=path or _OUR_FILES)
        detail = error.strerror or str(error)
        if path is None:
            return Refused(Code.SYSTEM_REFUSED, detail=detail)
        return Refused(Code.FILE_UNUSABLE, path=path, detail=detail)
    return Refused(Code.DEFECT, detail=f"{type(error).__name__}: {error}")


def _path_in(error: OSError) -> Path | None:
    """The file that an error names; many name none, or the number of an open file."""
    name = error.filename
    return Path(os.fsdecode(name)) if isinstance(name, (str, bytes, os.PathLike)) and name else None
