"""Keep two FlowerSorters with two data directories off one folder.

The lock is the operating system's: it ends with the process, however that ends, and leaves nothing.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from flowersorter.records import Code, Refused
from flowersorter.sorting.fileops import is_folder
from flowersorter.sorting.troubles import refusal_of

_LOCK_NAME: Final = ".flowersorter-lock"
_HELD: Final = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}
# network drives without locks: there every rename still refuses to overwrite
_NO_LOCKS: Final = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextmanager
def hold(folders: Sequence[Path]) -> Iterator[None]:
    """Be the only one that changes these folders; those that do not exist yet are left out.

    Raises `Refused`: FOLDER_IN_USE, or what the disk says where a folder cannot be opened.
    """
    existing = {os.path.realpath(folder): folder for folder in folders if is_folder(folder)}
    with ExitStack() as stack:
        for real in sorted(existing):  # always in one order, so that two programs cannot wait crosswise
            stack.callback(os.close, _lock(Path(real), existing[real]))
        yield


def _lock(folder: Path, shown: Path) -> int:
    try:
        descriptor = open_lock(folder)
    except OSError as error:
        raise refusal_of(error, shown) from error
    try:
        lock_descriptor(descriptor)
    except OSError as error:
        if error.errno in _HELD:
            os.close(descriptor)
            raise Refused(Code.FOLDER_IN_USE, path=shown) from error
        if error.errno not in _NO_LOCKS:
            os.close(descriptor)
            raise refusal_of(error, shown) from error
    return descriptor


if sys.platform == "win32":
    import msvcrt

    def open_lock(folder: Path) -> int:
        """Open what is locked: a file that Windows deletes when it is closed, for folders can't be."""
        flags = os.O_RDWR | os.O_CREAT | os.O_TEMPORARY | os.O_NOINHERIT
        return os.open(folder / _LOCK_NAME, flags)

    def lock_descriptor(descriptor: int) -> None:
        """Lock without waiting. Raises OSError."""
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def open_lock(folder: Path) -> int:
        """Open what is locked: the folder itself."""
        return os.open(folder, os.O_RDONLY | os.O_CLOEXEC)

    def lock_descriptor(descriptor: int) -> None:
        """Lock without waiting. Raises OSError."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
