"""Find the photos in a folder, with the files that travel with each. Opens no photo, follows no link."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flowersorter.filetypes import COMPANION_SUFFIXES, PHOTO_SUFFIXES
from flowersorter.links import is_own_folder
from flowersorter.progress import Progress, Report, Stage, silent
from flowersorter.records import Code, Photo, Reason, Refused, Stay
from flowersorter.sorting.fileops import is_folder
from flowersorter.sorting.foreign import is_foreign_name
from flowersorter.sorting.grouping import group
from flowersorter.sorting.naming import folder_key
from flowersorter.sorting.troubles import reason_of

_REPORT_EVERY: Final = 500  # files

# Windows: offline, recall on open, recall on data access; macOS: SF_DATALESS. Blocks on the disk prove
# nothing: small files can live in the inode.
_CLOUD_ATTRIBUTES: Final = 0x1000 | 0x40000 | 0x400000
_CLOUD_FLAG: Final = 0x40000000
_HIDDEN_ATTRIBUTES: Final = 0x2 | 0x4  # Windows: hidden, system
_HIDDEN_FLAG: Final = 0x8000  # macOS: UF_HIDDEN
_ICLOUD_NAME: Final = re.compile(r"\.(.+)\.icloud")

# Names that a camera (DCF calls its folders 100APPLE), a telephone or a calendar gave, not a person.
_NO_ALBUM: Final = re.compile(
    r"dcim|\d{3}[a-z_][a-z0-9_]{4}|\d{6}__|camera|camera roll|kamera|eigene aufnahmen|screenshots?"
    r"|(whatsapp|telegram|signal|viber) (images|photos)|private|sent|received|photos from \d{4}"
    r"|(my )?(photos?|pictures?|images?|downloads?)|(meine |eigene )?(bilder|fotos)"
    r"|unsorted|new folder|neuer ordner|import(s|ed)?|inbox|[\d\s._年月日-]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found: photos in natural order, and what could not be looked at."""

    root: Path
    photos: tuple[Photo, ...]
    skipped: tuple[Stay, ...]


def scan_folder(
    root: Path,
    *,
    recursive: bool,
    species_folders: Mapping[str, str],
    include_filed: bool,
    own_folders: Sequence[Path] = (),
    report: Report = silent,
) -> Scan:
    """Find the photos in `root`.

    `species_folders` maps names of folders directly under `root` to the species they hold; they are
    visited if `include_filed`, and their photos have `filed_as`. `own_folders` are never entered.
    Raises `Refused`: NOT_A_FOLDER, FOLDER_UNREADABLE; and `Cancelled`.
    """
    if not is_folder(root):
        raise Refused(Code.NOT_A_FOLDER, path=root)
    species = {folder_key(name): of for name, of in species_folders.items()}
    closed = {os.path.realpath(folder) for folder in own_folders}
    finder = _Finder(report)
    waiting = [_Visit(root, None, None)]
    while waiting:
        visit = waiting.pop()
        try:
            folders = finder.look_into(visit)
        except OSError as error:
            if visit.folder == root:
                raise Refused(Code.FOLDER_UNREADABLE, path=root) from error
            reason = Reason(Code.FOLDER_UNREADABLE, {"path": visit.folder})
            finder.skipped.append(Stay(Photo(visit.folder, 0, 0), reason))
            continue
        for folder in folders:
            filed_as = species.get(folder_key(folder.name)) if visit.folder == root else visit.filed_as
            enter = include_filed if filed_as is not None and visit.folder == root else recursive
            if enter and (not closed or os.path.realpath(folder) not in closed):
                album = None if filed_as is not None else _album(folder, visit.album)
                waiting.append(_Visit(folder, filed_as, album))
    finder.tell()
    return Scan(
        root,
        tuple(sorted(finder.photos, key=lambda photo: _natural(photo.path))),
        tuple(sorted(finder.skipped, key=lambda stay: _natural(stay.photo.path))),
    )


def is_placeholder(status: os.stat_result) -> bool:
    """Whether a file's bytes are in the cloud only, so that opening it would download it."""
    attributes = getattr(status, "st_file_attributes", 0)
    return bool(attributes & _CLOUD_ATTRIBUTES or getattr(status, "st_flags", 0) & _CLOUD_FLAG)


def is_hidden(name: str, status: os.stat_result) -> bool:
    """Whether a file or folder is hidden or the system's own."""
    if name.startswith(".") or getattr(status, "st_file_attributes", 0) & _HIDDEN_ATTRIBUTES:
        return True
    return bool(getattr(status, "st_flags", 0) & _HIDDEN_FLAG)


@dataclass(frozen=True, slots=True)
class _Visit:
    folder: Path
    filed_as: str | None
    album: str | None


class _Finder:
    """Collects photos folder by folder."""

    def __init__(self, report: Report) -> None:
        self.photos: list[Photo] = []
        self.skipped: list[Stay] = []
        self._report = report
        self._unreported = 0

    def tell(self) -> None:
        self._unreported = 0
        self._report(Progress(Stage.SCANNING, len(self.photos)))

    def look_into(self, visit: _Visit) -> list[Path]:
        """Add the photos of one folder; the answer is its subfolders that may be entered."""
        self.tell()
        files: dict[str, os.stat_result] = {}
        folders: list[Path] = []
        with os.scandir(visit.folder) as entries:
            for entry in entries:
                self._count()
                self._look_at(entry, visit, files, folders)
        for picture, companions in group(files):
            status = files[picture]
            photo = Photo(
                visit.folder / picture,
                status.st_size,
                status.st_mtime_ns,
                tuple(visit.folder / name for name in companions),
                visit.filed_as,
                visit.album,
                status.st_ctime_ns,
            )
            if any(is_placeholder(files[name]) for name in (picture, *companions)):
                self.skipped.append(Stay(photo, Reason(Code.PLACEHOLDER)))
            else:
                self.photos.append(photo)
        return sorted(folders)

    def _count(self) -> None:
        self._unreported += 1
        if self._unreported >= _REPORT_EVERY:
            self.tell()

    def _look_at(
        self,
        entry: os.DirEntry[str],
        visit: _Visit,
        files: dict[str, os.stat_result],
        folders: list[Path],
    ) -> None:
        name = entry.name
        if is_own_folder(entry):
            if not is_foreign_name(name) and not _is_shut(entry):
                folders.append(visit.folder / name)
            return
        icloud = _ICLOUD_NAME.fullmatch(name)
        if icloud is not None and _suffix(icloud[1]) in PHOTO_SUFFIXES:
            photo = Photo(visit.folder / name, 0, 0, (), visit.filed_as, visit.album)
            self.skipped.append(Stay(photo, Reason(Code.PLACEHOLDER)))
            return
        if _suffix(name) not in PHOTO_SUFFIXES | COMPANION_SUFFIXES:
            return
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return  # gone since the folder was listed
        except OSError as error:
            path = visit.folder / name
            self.skipped.append(Stay(Photo(path, 0, 0), reason_of(error, path)))
            return
        if stat.S_ISREG(status.st_mode) and not is_hidden(name, status):
            files[name] = status


def _is_shut(folder: os.DirEntry[str]) -> bool:
    try:
        return is_hidden(folder.name, folder.stat(follow_symlinks=False))
    except FileNotFoundError:
        return True  # gone since the folder that it lies in was listed
    except OSError:
        return False  # what is wrong with it is said when it is entered


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _album(folder: Path, above: str | None) -> str | None:
    """The nearest name that a person gave: this folder's, or that of the one it lies in."""
    return above if _NO_ALBUM.fullmatch(folder.name) else folder.name


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Sorts IMG_9 before IMG_10, and a folder's own photos by name."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts]
