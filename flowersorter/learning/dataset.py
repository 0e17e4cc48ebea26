"""Read a folder of labelled photos: each subfolder is a species, its name kept as written."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flowersorter.filetypes import COMPANION_SUFFIXES, PHOTO_SUFFIXES
from flowersorter.links import is_own_folder
from flowersorter.progress import Progress, Report, Stage, silent
from flowersorter.records import Code, Left, Reason, Refused

Part = Literal["train", "val"]

TRAIN_NAMES = frozenset({"train", "training"})
VAL_NAMES = frozenset({"val", "valid", "validation"})
MIN_PHOTOS = 2  # of one species, so that one can be held back from the other


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """A photo whose folder says its species; `part` is None where the program makes the split."""

    path: Path
    species: str
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labelled photos of a folder, and everything in it that is not taught, with the reason."""

    folder: Path
    photos: tuple[LabelledPhoto, ...]
    problems: tuple[Left, ...] = ()

    @property
    def species(self) -> tuple[str, ...]:
        """Every species once, in natural order (``Rose 2`` before ``Rose 10``)."""
        return tuple(sorted({photo.species for photo in self.photos}, key=natural_order))


def read_labelled(folder: Path, report: Report = silent, *, min_species: int = 2) -> Labelled:
    """List the photos under the species folders of `folder`, in a stable order; links are not followed.

    Where `folder` holds ``train`` and ``val`` (or ``valid``, ``validation``) with species folders inside,
    that split is kept, and any other folder beside them is left out. No picture is decoded here.
    Raises `Refused`: NOT_A_FOLDER, FOLDER_UNREADABLE, NO_PHOTOS, ONE_SPECIES (below `min_species`).
    """
    if not folder.is_dir():
        raise Refused(Code.NOT_A_FOLDER, path=folder)
    top = _entries(folder)
    if top is None:
        raise Refused(Code.FOLDER_UNREADABLE, path=folder)
    photos: list[LabelledPhoto] = []
    problems: list[Left] = []
    for root, part in _roots(folder, top, problems):
        for entry in _entries(root) or []:
            if is_own_folder(entry):
                found = _read_species(Path(entry.path), problems)
                photos += [LabelledPhoto(path, entry.name, part) for path in found]
                report(Progress(Stage.SCANNING, len(photos)))
            else:
                _add_stray(entry, problems)
    if not photos:
        raise Refused(Code.NO_PHOTOS, path=folder)
    labelled = Labelled(folder, tuple(photos), (*problems, *_too_few(photos)))
    if len(labelled.species) < min_species:
        raise Refused(Code.ONE_SPECIES, path=folder)
    return labelled


def natural_order(name: str) -> tuple[list[tuple[int, str]], str]:
    """The key that sorts names as people do: numbers by value, capitals beside small letters."""
    words = re.split(r"(\d+)", name.casefold())
    return [(int(word), "") if word.isdecimal() else (-1, word) for word in words], name


def _roots(folder: Path, top: list[os.DirEntry[str]], problems: list[Left]) -> list[tuple[Path, Part | None]]:
    """The folders whose subfolders are species: `folder` itself, or its train and val folders."""
    folders = [entry for entry in top if is_own_folder(entry)]
    train = [entry for entry in folders if entry.name.casefold() in TRAIN_NAMES and _has_folders(entry)]
    val = [entry for entry in folders if entry.name.casefold() in VAL_NAMES and _has_folders(entry)]
    if not train:
        return [(folder, None)]
    for entry in top:
        if entry not in train and entry not in val:
            if is_own_folder(entry):
                problems.append(Left(Path(entry.path), Reason(Code.NESTED_FOLDER)))
            else:
                _add_stray(entry, problems)
    if not val:
        return [(Path(entry.path), None) for entry in train]
    parts: list[tuple[Path, Part | None]] = [(Path(entry.path), "train") for entry in train]
    return parts + [(Path(entry.path), "val") for entry in val]


def _has_folders(entry: os.DirEntry[str]) -> bool:
    return any(is_own_folder(inner) for inner in _entries(Path(entry.path)) or [])


def _read_species(folder: Path, problems: list[Left]) -> list[Path]:
    """The photos that lie directly in a species folder; everything else becomes a problem."""
    entries = _entries(folder)
    if entries is None:
        problems.append(Left(folder, Reason(Code.FOLDER_UNREADABLE, {"path": folder})))
        return []
    photos: list[Path] = []
    found = 0
    for entry in entries:
        path = Path(entry.path)
        if is_own_folder(entry):
            problems.append(Left(path, Reason(Code.NESTED_FOLDER)))
        elif not _is_photo(entry):
            _add_stray(entry, problems)
        else:
            found += 1
            unreadable = _unreadable(entry)
            if unreadable is None:
                photos.append(path)
            else:
                problems.append(Left(path, Reason(unreadable)))
    if not found:
        problems.append(Left(folder, Reason(Code.EMPTY_FOLDER, {"folder": folder.name})))
    return photos


def _entries(folder: Path) -> list[os.DirEntry[str]] | None:
    """What lies in a folder, in natural order, without hidden entries; None if it can't be read."""
    try:
        with os.scandir(folder) as entries:
            shown = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return None
    return sorted(shown, key=lambda entry: natural_order(entry.name))


def _is_photo(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) and Path(entry.name).suffix.lower() in PHOTO_SUFFIXES


def _add_stray(entry: os.DirEntry[str], problems: list[Left]) -> None:
    """List a file that is no photo of a species. Companions say nothing of their own."""
    if Path(entry.name).suffix.lower() not in COMPANION_SUFFIXES:
        problems.append(Left(Path(entry.path), Reason(Code.STRAY_FILE)))


def _unreadable(entry: os.DirEntry[str]) -> Code | None:
    """What can be known without opening the file, which would fetch one that is in the cloud."""
    try:
        size = entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return Code.VANISHED
    except OSError:
        return Code.IO_ERROR
    if size == 0:
        return Code.UNREADABLE
    return None if os.access(entry.path, os.R_OK) else Code.NO_PERMISSION


def _too_few(photos: list[LabelledPhoto]) -> Iterator[Left]:
    """The species that are taught but have too few photos to be checked."""
    counts = Counter(photo.species for photo in photos)
    for photo in photos:
        count = counts.pop(photo.species, MIN_PHOTOS)
        if count < MIN_PHOTOS:
            reason = Reason(Code.TOO_FEW_PHOTOS, {"species": photo.species, "photos": count})
            yield Left(photo.path.parent, reason)
