"""What a disk can do, found out by trying."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from flowersorter.sorting import fileops


def describe_rename(folder: Path) -> str:
    """Which safe rename the disk of `folder` has, tried with two files of our own in it. Raises OSError."""
    source, target = (folder / f".flowersorter-{uuid.uuid4().hex}" for _ in range(2))
    os.close(fileops.system.create(source))
    try:
        fileops.system.rename(source, target)
    except OSError as error:
        if error.errno not in fileops.NO_SUCH_CALL:
            raise
    else:
        fileops.system.unlink(target)
        return "rename that refuses to overwrite"
    try:
        fileops.rename_by_link(source, target)
    except fileops.CannotRename:
        fileops.system.unlink(source)
        return "verified copy"
    fileops.system.unlink(target)
    return "link"
