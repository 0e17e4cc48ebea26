"""Names that every system can keep: legal folder names, twins, numbered names."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from flowersorter.records import Code, Refused
from flowersorter.sorting.foreign import is_foreign_name

LONGEST_NAME: Final = 255  # bytes on Linux, UTF-16 units on Windows and macOS
_LONGEST_FOLDER_NAME: Final = 240  # bytes; leaves room for a number

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_ILLEGAL: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]')
_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(?=\s*(\.|$))", re.IGNORECASE
)
# Marks that turn the direction of writing or are invisible; joiners stay, for some scripts need them.
_INVISIBLE: Final = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NUMBER: Final = re.compile(r" \(\d+\)$")


def folder_name(species: str) -> str:
    """The folder name of a species, legal on Windows, macOS and Linux; doing it twice changes nothing.

    Raises `Refused` (BAD_NAME) where nothing but dots and spaces is left.
    """
    name = unicodedata.normalize("NFC", _INVISIBLE.sub("", species))
    name = _trimmed(_ILLEGAL.sub("_", name))
    name = _RESERVED.sub(lambda match: match[0] + "_", name)
    while len(os.fsencode(name)) > _LONGEST_FOLDER_NAME:
        name = _trimmed(_without_last(name))
    if not name:
        raise Refused(Code.BAD_NAME, name=species)
    if is_foreign_name(name):
        name += "_"
    return name


def folder_key(name: str) -> str:
    """Equal for names that some disk takes for the same: case, NFC and NFD, trailing dots and spaces."""
    decomposed = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFC", decomposed).rstrip(" .")


def numbered(name: str, n: int) -> str:
    """A file name with a number before its suffix: "a.jpg" becomes "a (2).jpg"."""
    return numbered_group([name], n)[0]


def numbered_group(names: Sequence[str], n: int) -> tuple[str, ...]:
    """The names of a picture (first) and its companions, all with the same number, within 255 bytes.

    The number stands after the picture's stem, so that "a.jpg.xmp" stays the companion of "a.jpg".
    """
    stem = Path(names[0]).stem
    parts = [_split(name, stem) for name in names]
    number = f" ({n})"
    room = LONGEST_NAME - max(len(os.fsencode(number + rest)) for _, rest in parts)
    return tuple(_shortened(head, room) + number + rest for head, rest in parts)


def numbered_folder(name: str, n: int) -> str:
    """A folder name with a number at its end; dots in a folder's name start no suffix."""
    return f"{name} ({n})"


def family(name: str) -> str:
    """The twin key of a file name without its number: equal for "a.jpg" and "A (2).JPG"."""
    path = Path(name)
    return folder_key(_NUMBER.sub("", path.stem) + path.suffix)


def _trimmed(name: str) -> str:
    # A leading dot would hide the folder, and Windows drops dots and spaces at the end.
    return name.strip().strip(". ").strip()


def _without_last(name: str) -> str:
    """Without the last character and the accents that sit on it."""
    end = len(name) - 1
    while end > 0 and unicodedata.combining(name[end]):
        end -= 1
    return name[:end]


def _split(name: str, stem: str) -> tuple[str, str]:
    if folder_key(name[: len(stem)]) == folder_key(stem):
        return name[: len(stem)], name[len(stem) :]
    return Path(name).stem, Path(name).suffix


def _shortened(head: str, room: int) -> str:
    while head and len(os.fsencode(head)) > room:
        head = _without_last(head)
    return head
