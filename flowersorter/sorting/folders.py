"""The folders of a batch: those that it made, and those that it emptied and removed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from flowersorter.records import Left, Refused
from flowersorter.sorting import fileops
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.troubles import reason_of
from flowersorter.sorting.volumes import Volumes


def remove_emptied(
    journal: Journal, batch: int, folders: Iterable[str], root: Path, volumes: Volumes
) -> None:
    """Remove those of `folders` that are empty now and lie inside `root`, and those that held only them."""
    left = set(map(Path, folders))
    while left := {folder for folder in left if root in folder.parents and _is_empty(folder)}:
        try:
            journal.note_removed(batch, left, volumes)
        except Refused:
            return  # an empty folder more does no harm
        left = {folder.parent for folder in left if _removed(folder)}


def bring_back(journal: Journal, batch: int, volumes: Volumes) -> list[Left]:
    """Make the folders again that a batch removed; the answer is those that could not be made."""
    left: list[Left] = []
    for place in journal.folders(batch, removed=True):
        folder = volumes.path(place)
        if folder is None:
            continue  # each photo that lay in it says that its drive is missing
        try:
            for made in fileops.make_folder(folder):
                fileops.sync_folder(made.parent)
        except OSError as error:
            left.append(Left(folder, reason_of(error, folder)))
    return left


def remove_made(journal: Journal, batch: int, volumes: Volumes) -> None:
    """Remove the folders that a batch made, where they are empty again."""
    for place in reversed(journal.folders(batch, removed=False)):
        folder = volumes.path(place)
        if folder is not None:
            _removed(folder)


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
