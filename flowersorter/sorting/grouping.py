"""Which files of a folder make one photo: a picture and the companions that travel with it.

RAW and JPEG of one shot, XMP (Adobe's ``a.xmp`` and darktable's ``a.jpg.xmp``), Apple's edits (AAE, and
IMG_E1234 beside IMG_1234), the film of a Live Photo, thumbnails and voice notes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
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
    by_stem: dict[str, str] = {}
    for name in sorted(pictures, key=_rank, reverse=True):
        by_stem[_stem(name)] = owner[name]  # the best rank is written last
    by_name = {folder_key(name): owner[name] for name in pictures}
    companions: defaultdict[str, list[str]] = defaultdict(list)
    for name in ordered:
        found = owner[name] if name in owner else _owner_of_companion(name, by_name, by_stem)
        if found is not None and found != name:
            companions[found].append(name)
    return [(name, tuple(companions[name])) for name in pictures if owner[name] == name]


def _owners(pictures: list[str]) -> dict[str, str]:
    """Each picture file's photo: itself, or the picture whose RAW or edited copy it is."""
    best: dict[str, str] = {}
    for name in sorted(pictures, key=_rank):
        best.setdefault(_stem(name), name)
    owner: dict[str, str] = {}
    for name in pictures:
        first = best[_stem(name)]
        developed = _rank(name) == 3 and _rank(first) <= 1
        owner[name] = first if developed else name
    for name in pictures:
        original = _edited_stem(_stem(name))
        if original is not None and original in best:
            owner[name] = owner[best[original]]
    return owner


def _owner_of_companion(name: str, by_name: dict[str, str], by_stem: dict[str, str]) -> str | None:
    stem = _stem(name)
    original = _edited_stem(stem)
    for key in (stem, original):
        if key is not None and (found := by_name.get(key) or by_stem.get(key)):
            return found
    return None


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
