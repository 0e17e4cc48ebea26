"""What only leads to another place: symbolic links, and the junctions of Windows, which pass for folders."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

_JUNCTION: Final = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT of <winnt.h>


def leads_elsewhere(status: os.stat_result) -> bool:
    """Whether a name whose own status (lstat) this is only leads to another place."""
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION


def is_link(path: Path) -> bool:
    """Whether a name only leads to another place, and its disk answers."""
    try:
        return leads_elsewhere(path.lstat())
    except OSError:
        return False


def is_own_folder(entry: os.DirEntry[str]) -> bool:
    """Whether a folder lies here, and not a link to one."""
    if not entry.is_dir(follow_symlinks=False):
        return False
    try:
        return not leads_elsewhere(entry.stat(follow_symlinks=False))
    except OSError:
        return True  # never so on Windows, where the list of a folder says it all: so it is no junction
