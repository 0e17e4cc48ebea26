"""Which files of a folder make one photo: a picture and the companions that travel with it.

RAW and JPEG of one shot, XMP (Adobe's ``a.xmp`` and darktable's ``a.jpg.xmp``), Apple's edits (AAE, and
IMG_E1234 beside IMG_1234), the film of a Live Photo, thumbnails and voice notes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from flowersorter.filetypes import HEIF_SUFFIXES, PHOTO_SUFFIXES, RAW_SUFFIXES
from flowersorter.sorting.naming import folder_key

_JPEG_SUFFIXES: Final = frozenset({".jpe", ".jpeg", ".jpg", ".mpo"})
# Apple: IMG_E1234 is the edited copy of IMG_1234, IMG_O1234 keeps what was edited before.
_APPLE_EDIT: Final = re.compile(r"img_[eo](\d{4,}.*)")


def group(names: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Group the file names of one folder: each picture with its companions; lone companions are left out."""
    ordered = sorted(names)
    pictures = [name for name in ordered if _suffix(name) in PHOTO_SUFFIXES]
    owner = _owners(pictures)
    written, folded = _photos_by(str, owner), _photos_by(folder_key, owner)
    companions: defaultdict[str, list[str]] = defaultdict(list)
    for name in ordered:
        found = owner[name] if name in owner else _owner_of_companion(name, written, folded)
        if found is not None and found != name:
            companions[found].append(name)
    return [(name, tuple(companions[name])) for name in pictures if owner[name] == name]


def _owners(pictures: list[str]) -> dict[str, str]:
    """Each picture file's photo: itself, or the picture whose RAW or edited copy it is.

    A disk that tells case apart may hold A.JPG and a.jpg: the stem as it is written comes first.
    """
    best: dict[str, str] = {}
    as_written: dict[str, str] = {}
    for name in sorted(pictures, key=_rank):
        best.setdefault(_stem(name), name)
        as_written.setdefault(Path(name).stem, name)
    owner: dict[str, str] = {}
    for name in pictures:
        firsts = (as_written[Path(name).stem], best[_stem(name)])
        developed = (first for first in firsts if _rank(name) == 3 and _rank(first) <= 1)
        owner[name] = next(developed, name)
    for name in pictures:
        original = _edited_stem(_stem(name))
        if original is not None and original in best:
            owner[name] = owner[best[original]]
    return owner


def _photos_by(key: Callable[[str], str], owner: Mapping[str, str]) -> dict[str, str]:
    """The photo of each picture's stem and of its whole name, as `key` has them."""
    photos: dict[str, str] = {}
    for name in sorted(owner, key=_rank, reverse=True):
        photos[key(Path(name).stem)] = owner[name]  # the best rank is written last
    return photos | {key(name): photo for name, photo in owner.items()}


def _owner_of_companion(name: str, written: Mapping[str, str], folded: Mapping[str, str]) -> str | None:
    stem = _stem(name)
    return written.get(Path(name).stem) or folded.get(stem) or folded.get(_edited_stem(stem) or "")


def _rank(name: str) -> int:
    """Which of several pictures with one stem is the photo: JPEG, HEIF, another bitmap, RAW."""
    suffix = _suffix(name)
    if suffix in _JPEG_SUFFIXES:
        return 0
    if suffix in HEIF_SUFFIXES:
        return 1
    return 3 if suffix in RAW_SUFFIXES else 2


def _edited_stem(stem: str) -> str | None:
    match = _APPLE_EDIT.fullmatch(stem)
    return None if match is None else "img_" + match[1]


def _stem(name: str) -> str:
    return folder_key(Path(name).stem)


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()
