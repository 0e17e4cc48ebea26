"""The folders of a batch: those that it made, and those that it emptied."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

from flowersorter.links import is_link
from flowersorter.records import Code, Reason, Refused
from flowersorter.sorting import fileops
from flowersorter.sorting.entries import BatchEntry
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.volumes import Place, Volumes


class Inside:
    """Tells whether a folder is still reached from the `chosen` ones without a link (promise 9).

    The chosen folders, and those above them, may be links. A folder is looked at once.
    """

    def __init__(self, chosen: Iterable[Path]) -> None:
        self._free = {folder for one in chosen for folder in (one, *one.parents)}
        self._links: dict[str, Path | None] = {}

    @classmethod
    def of(cls, batch: BatchEntry, volumes: Volumes) -> Self:
        """Inside the folders of a batch, where they are now."""
        places = (batch.root, batch.into)
        return cls(path for place in places if (path := volumes.path(place)) is not None)

    def hindrance(self, folder: str) -> Reason | None:
        """Why nothing in a folder may be touched: the link on the way to it; None if there is none."""
        if folder not in self._links:
            path = Path(folder)
            way = (one for one in (path, *path.parents) if one not in self._free)
            self._links[folder] = next(filter(is_link, way), None)
        link = self._links[folder]
        return None if link is None else Reason(Code.FOLDER_IS_LINK, {"path": link})


def remove_emptied(folders: Iterable[str], root: Path) -> None:
    """Remove those of `folders` that are empty now and lie inside `root`, and those that held only them."""
    left = set(map(Path, folders))
    while left := {folder for folder in left if root in folder.parents and _is_empty(folder)}:
        left = {folder.parent for folder in left if _removed(folder)}


def remove_made(journal: Journal, batch: BatchEntry, volumes: Volumes) -> list[Place]:
    """Remove the folders that a batch made, where they are empty again. The answer is those that are not."""
    try:
        made = journal.folders(batch.id)
    except Refused:
        return []  # an empty folder more does no harm
    inside = Inside.of(batch, volumes)
    kept: list[Place] = []
    for place in reversed(made):
        folder = volumes.path(place)
        if folder is None or inside.hindrance(str(folder)) is not None:
            continue
        if not _removed(folder) and folder.is_dir():
            kept.append(place)
    return kept


def clear_away(journal: Journal, batch: BatchEntry, volumes: Volumes) -> None:
    """Remove the folders that an undone batch made; what others still fill is theirs to remove, too."""
    kept = remove_made(journal, batch, volumes)
    if kept:
        with suppress(Refused):  # an empty folder more does no harm
            journal.note_handed_over(batch.id, kept)


def _is_empty(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def _removed(folder: Path) -> bool:
    try:
        removed = fileops.remove_folder(folder)
        if removed:
            fileops.sync_folder(folder.parent)
    except OSError:
        return False  # an empty folder more does no harm
    return removed
