"""Copy a file so that the original may go: hashed, synced, read back, and never over another file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from flowersorter.sorting import fileops, streams
from flowersorter.sorting.fileops import NO_SUCH_CALL, CannotRename, LeftBehind, take_back

# What a disk or its owner does not let us keep, and what is an error that leaves the original in its place.
_CANNOT_KEEP: Final = frozenset(NO_SUCH_CALL | {errno.EPERM})
_CANNOT_KEEP_ATTRIBUTES: Final = _CANNOT_KEEP | {
    errno.EACCES, errno.ENOSPC, errno.E2BIG, errno.ERANGE, errno.ENODATA,
}  # fmt: skip

Stamp = tuple[int, int, int]  # inode, size in bytes, modification date in ns
Seal = tuple[int, int, int, int]  # a stamp, and the ctime in ns


@dataclass(frozen=True, slots=True)
class Copied:
    """What a verified copy is: its stamp, the sha256 of its bytes, and what the disk could not keep."""

    stamp: Stamp
    digest: str
    losses: tuple[str, ...]


class SourceChanged(Exception):  # noqa: N818 - an answer: leave the photo
    """The file was changed while it was copied, or is not the one that was meant."""


class CopyDiffers(Exception):  # noqa: N818 - an answer: the original stays
    """What was read back from the disk is not what was written."""


def stamp(path: Path) -> Stamp | None:
    """What tells that a file was replaced or written to; None if there is no file. Raises OSError."""
    status = fileops.look(path)
    return None if status is None else _stamp(status)


def seal(path: Path) -> Seal | None:
    """What tells that a file was touched at all, bytes or date; None if there is no file. Raises OSError."""
    status = fileops.look(path)
    return None if status is None else _seal(status)


def copy_new(
    source: Path,
    target: Path,
    temporary: Path,
    hashing: Executor,
    *,
    expected: str | None,
    modified_ns: int,
) -> Copied:
    """Copy a file to a new name, read it back, never over another file; the source stays.

    The bytes are complete, synced and verified under the name `temporary`, in the target's folder,
    before `target` appears. `hashing` hashes them meanwhile (`streams.hashing_thread`). `expected` is
    the sha256 they must have, if it is known; `modified_ns` the date that the copy is given. The caller
    syncs the folder.
    Raises FileExistsError, `SourceChanged`, `CopyDiffers`, OSError; then neither name is left. `LeftBehind`.
    """
    copied = _write_verified(source, temporary, hashing, expected=expected, modified_ns=modified_ns)
    try:
        return _give_name(temporary, target, hashing, copied)
    except LeftBehind:
        raise  # an incomplete target is left: the temporary beside it tells recovery that it is ours
    except BaseException as error:
        take_back(temporary, error)
        if stamp(target) == copied.stamp:
            take_back(target, error)  # the disk did what it says it did not
        raise


def _give_name(temporary: Path, target: Path, hashing: Executor, copied: Copied) -> Copied:
    try:
        fileops.rename_new(temporary, target)
    except CannotRename:
        # Neither rename nor link: the target itself is made, exclusively, and filled from the temporary,
        # which is sure to be there as long as the target may be incomplete.
        fileops.system.sync_folder(target.parent)
        filled = _write_verified(
            temporary, target, hashing, expected=copied.digest, modified_ns=copied.stamp[2]
        )
        try:
            fileops.system.sync_folder(target.parent)
            fileops.system.unlink(temporary)
        except OSError as error:
            take_back(target, error)
            raise
        return replace(filled, losses=copied.losses)
    return copied


def _write_verified(
    source: Path, target: Path, hashing: Executor, *, expected: str | None, modified_ns: int
) -> Copied:
    with streams.reading(source) as reading:
        writing = fileops.system.create(target)
        try:
            digest, losses = _fill(source, reading, target, writing, hashing, modified_ns)
            if expected not in {None, digest}:
                raise SourceChanged
            mine = _stamp(fileops.system.status(target))
        except BaseException as error:
            take_back(target, error)
            raise
    if mine[2] != modified_ns and "times" not in losses:
        losses = (*losses, "times")
    return Copied(mine, digest, losses)


def _fill(
    source: Path, reading: int, target: Path, writing: int, hashing: Executor, modified_ns: int
) -> tuple[str, tuple[str, ...]]:
    """Bring bytes and details to the disk, and read them back; the answer is the sha256 and the losses."""
    try:
        before = os.fstat(reading)
        passed = streams.passed_on(reading, writing, hashing)
        if _seal(before) != _seal(os.fstat(reading)):
            raise SourceChanged
        losses = _keep_details(source, before, target, modified_ns)
        fileops.system.sync(writing)
        fileops.system.forget(writing)
        if not streams.holds(target, passed):
            raise CopyDiffers
        return passed.digest.hex(), losses
    finally:
        os.close(writing)


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _seal(status: os.stat_result) -> Seal:
    return *_stamp(status), status.st_ctime_ns


def _keep_details(source: Path, status: os.stat_result, target: Path, modified_ns: int) -> tuple[str, ...]:
    """Give a copy its original's attributes, permissions and dates; the answer is what could not be kept."""
    losses: list[str] = []
    if not _kept(lambda: fileops.system.copy_attributes(source, target), _CANNOT_KEEP_ATTRIBUTES):
        losses.append("xattrs")
    mine = fileops.system.status(target)
    owned = (mine.st_uid, mine.st_gid) == (status.st_uid, status.st_gid) or _kept(
        lambda: fileops.system.set_owner(target, status.st_uid, status.st_gid)
    )
    mode = stat.S_IMODE(status.st_mode)
    if (
        not _kept(lambda: fileops.system.set_mode(target, mode))
        or stat.S_IMODE(fileops.system.status(target).st_mode) != mode
        or not owned
    ):
        losses.append("permissions")
    if not _kept(lambda: fileops.system.set_times(target, status.st_atime_ns, modified_ns)):
        losses.append("times")
    return tuple(losses)


def _kept(keep: Callable[[], None], allowed: frozenset[int] = _CANNOT_KEEP) -> bool:
    try:
        keep()
    except OSError as error:
        if error.errno not in allowed:
            raise
        return False
    return True
