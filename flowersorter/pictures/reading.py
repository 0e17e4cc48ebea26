"""A file's bytes, read once and within bounds."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flowersorter.records import Code, Reason

MAX_FILE_BYTES = 500_000_000  # above the largest camera's uncompressed RAW

# Marks of files that a cloud service fetches when they are opened. Windows: FILE_ATTRIBUTE_OFFLINE,
# _RECALL_ON_OPEN, _RECALL_ON_DATA_ACCESS (Win32 file attribute constants); macOS: SF_DATALESS (sys/stat.h).
_WINDOWS_ELSEWHERE = 0x0000_1000 | 0x0004_0000 | 0x0040_0000
_MACOS_DATALESS = 0x4000_0000


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes, and its size in bytes and mtime when they were read."""

    data: bytes
    size: int
    mtime_ns: int


def read_content(path: Path) -> Content | Reason:
    """Read a file of at most `MAX_FILE_BYTES`; a file that must not or can't be read gives the reason."""
    try:
        if _is_placeholder(path.stat()):
            return Reason(Code.PLACEHOLDER)
        # not blocking: opening a named pipe would otherwise wait for somebody to write into it
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            return _read(file)
    except OSError as error:
        return _reason(error)


def _read(file: BinaryIO) -> Content | Reason:
    before = os.fstat(file.fileno())
    if not stat.S_ISREG(before.st_mode):
        return Reason(Code.NOT_A_PICTURE)
    if before.st_size > MAX_FILE_BYTES:
        return Reason(Code.TOO_LARGE, {"bytes": before.st_size})
    data = file.read(before.st_size)
    after = os.fstat(file.fileno())
    if len(data) != after.st_size or after.st_mtime_ns != before.st_mtime_ns:
        return Reason(Code.CHANGED_MEANWHILE)
    return Content(data, before.st_size, before.st_mtime_ns)


def _is_placeholder(found: os.stat_result) -> bool:
    attributes = getattr(found, "st_file_attributes", 0)
    flags = getattr(found, "st_flags", 0)
    return bool(attributes & _WINDOWS_ELSEWHERE or flags & _MACOS_DATALESS)


def _reason(error: OSError) -> Reason:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return Reason(Code.VANISHED)
        case PermissionError():
            return Reason(Code.NO_PERMISSION)
        case IsADirectoryError():
            return Reason(Code.NOT_A_PICTURE)
        case _:
            return Reason(Code.IO_ERROR, {"detail": error.strerror or str(error)})
