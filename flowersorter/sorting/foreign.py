"""Folders that are not ours to sort: other programs' libraries, recycle bins, synced and special folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

# The program that owns such a folder keeps a catalogue of the files in it.
_LIBRARY_SUFFIXES: Final = (
    ".aplibrary", ".cocatalog", ".lrdata", ".lrlibrary", ".migratedaplibrary", ".migratedphotolibrary",
    ".photolibrary", ".photoslibrary",
)  # fmt: skip
_SYSTEM_NAMES: Final = frozenset(
    {
        "#recycle", "$recycle.bin", "$winreagent", "@eadir", "@recently-snapshot", "@recycle", "lost+found",
        "network trash folder", "recycled", "recycler", "system volume information", "temporary items",
    }
)  # fmt: skip
_CATALOGUE_FILE: Final = re.compile(r"digikam4\.db|.+\.(lrcat|cocatalogdb)", re.IGNORECASE)
_TRASH: Final = re.compile(r"\.trash(es|-\d+)?", re.IGNORECASE)

_SYNCED_NAME: Final = re.compile(
    r"(onedrive|dropbox|google ?drive|nextcloud|owncloud|synologydrive|synology drive|pclouddrive)\b.*"
    r"|icloud ?drive|com~apple~clouddocs|mobile documents|cloudstorage|creative cloud files|my drive",
    re.IGNORECASE,
)
_SYNCED_MARKERS: Final = (
    ".dropbox",
    ".dropbox.cache",
    ".stfolder",
    ".nextcloudsync.log",
    ".owncloudsync.log",
)


def is_foreign_name(name: str) -> bool:
    """Whether a folder of this name belongs to another program or to the system, wherever it lies."""
    lower = name.lower()
    is_library = lower.endswith(_LIBRARY_SUFFIXES)
    return is_library or lower in _SYSTEM_NAMES or _TRASH.fullmatch(lower) is not None


def is_catalogue_file(name: str) -> bool:
    """Whether a file of this name is the catalogue of Lightroom, digiKam or Capture One."""
    return _CATALOGUE_FILE.fullmatch(name) is not None


def owner_of(folder: Path) -> Path | None:
    """The other program's library that holds `folder`, or None."""
    for above in (folder, *folder.parents):
        if is_foreign_name(above.name):
            return above
    for above in (folder, *folder.parents):
        if os.path.ismount(above) and above != folder:
            break  # a catalogue file in a drive's root says nothing about all the drive
        if any(is_catalogue_file(name) for name in _names(above)):
            return above
    return None


def special_kind(folder: Path) -> str | None:
    """What makes sorting `folder` worth a question: "synced", "drive" or "home"; None for any other."""
    if os.path.ismount(folder) or folder.parent == folder:
        return "drive"
    if folder == Path(os.path.expanduser("~")):  # noqa: PTH111 - pathlib's raises where there is none
        return "home"
    above = (folder, *folder.parents)
    if any(_SYNCED_NAME.fullmatch(one.name) for one in above):
        return "synced"
    if any(os.path.lexists(one / marker) for one in above for marker in _SYNCED_MARKERS):
        return "synced"
    return None


def _names(folder: Path) -> Iterable[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except OSError:
        return []  # a folder above that is closed to us may still hold one that is open
