"""Which reason an error of the operating system is."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

from flowersorter.records import Code, Reason, Refused

_CODES: Final[dict[int, Code]] = {
    errno.ENOSPC: Code.DISK_FULL,
    errno.EDQUOT: Code.DISK_FULL,
    errno.EFBIG: Code.DISK_FULL,  # the largest file of FAT, or a limit that somebody set
    errno.EACCES: Code.NO_PERMISSION,
    errno.EPERM: Code.NO_PERMISSION,
    errno.EROFS: Code.READ_ONLY,
    errno.ENODEV: Code.DEVICE_GONE,
    errno.ENXIO: Code.DEVICE_GONE,
    errno.ENOTCONN: Code.DEVICE_GONE,
    errno.ESTALE: Code.DEVICE_GONE,
    errno.EHOSTDOWN: Code.DEVICE_GONE,
    errno.ENAMETOOLONG: Code.NAME_TOO_LONG,
    errno.EBUSY: Code.FILE_BUSY,
    errno.ETXTBSY: Code.FILE_BUSY,
    errno.EEXIST: Code.TARGET_TAKEN,
    errno.ENOENT: Code.VANISHED,
}
_WINDOWS_CODES: Final[dict[int, Code]] = {
    21: Code.DEVICE_GONE,  # ERROR_NOT_READY
    32: Code.FILE_BUSY,  # ERROR_SHARING_VIOLATION
    33: Code.FILE_BUSY,  # ERROR_LOCK_VIOLATION
    206: Code.NAME_TOO_LONG,  # ERROR_FILENAME_EXCED_RANGE
}


class Trouble(Exception):  # noqa: N818 - one photo's trouble is a value on its way to the outcome
    """A photo stays where it is, and why.

    `tried` tells a photo that was not to be moved (skipped) from one that could not be (failed).
    `broken` says that its files could not all be put back: recovery has to look at it again.
    """

    def __init__(self, reason: Reason, *, tried: bool = True, broken: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.tried = tried
        self.broken = broken


def reason_of(error: OSError, path: Path) -> Reason:
    """The reason that a person is told for an error with a file."""
    code = _WINDOWS_CODES.get(getattr(error, "winerror", None) or 0)
    if code is None:
        code = _CODES.get(error.errno or 0, Code.IO_ERROR)
    return Reason(code, {"path": path, "detail": error.strerror or str(error)})


def refusal_of(error: OSError, path: Path) -> Refused:
    """The refusal of a whole request for an error with its folder."""
    return Refused.because(reason_of(error, path))
