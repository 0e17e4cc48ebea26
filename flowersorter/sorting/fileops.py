"""The only writer of people's files: a dozen primitives, none of which can overwrite a file.

Every raw call goes through `system`, the one seam at which tests inject faults, kills and races.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from flowersorter.links import leads_elsewhere

_FEW_FOLDERS: Final = 2
_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1  # <linux/fs.h>
_RENAME_EXCL: Final = 4  # <sys/stdio.h> of macOS
_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
_OPEN_FLAGS: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
NO_SUCH_CALL: Final = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
# link(2) says EPERM where the file system has no links, and EMLINK where a file has too many
_NO_LINK: Final = NO_SUCH_CALL | {errno.EPERM, errno.EACCES, errno.EMLINK}

Rename = Callable[[Path, Path], None]
T = TypeVar("T")


class CannotRename(Exception):  # noqa: N818 - an answer: use the copy protocol
    """The disk gives no name away without a chance to overwrite, or the names are on two disks."""


class LeftBehind(Exception):  # noqa: N818 - an answer: recovery has to clear up
    """Something failed, and clearing up after it failed too: a name that we made is still there."""

    def __init__(self, path: Path, failure: BaseException) -> None:
        super().__init__(path, failure)
        self.path = path
        self.failure = failure


def linux_rename(libc: Any) -> Rename | None:
    """A rename that refuses to overwrite, by renameat2(2); None where the C library has none."""
    call = getattr(libc, "renameat2", None)
    if call is None:
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    encoding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()

    def rename(source: Path, target: Path) -> None:
        # os.fsencode, which takes anything, takes twice as long
        old, new = str(source).encode(encoding, errors), str(target).encode(encoding, errors)
        if call(_AT_FDCWD, old, _AT_FDCWD, new, _RENAME_NOREPLACE) != 0:
            raise _c_error(source, target)

    return rename


def mac_rename(libc: Any) -> Rename | None:
    """A rename that refuses to overwrite, by renamex_np(2) of macOS 10.12; None where there is none."""
    call = getattr(libc, "renamex_np", None)
    if call is None:
        return None
    call.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint]

    def rename(source: Path, target: Path) -> None:
        if call(os.fsencode(source), os.fsencode(target), _RENAME_EXCL) != 0:
            raise _c_error(source, target)

    return rename


def no_rename(source: Path, target: Path) -> None:
    """Stands where the system has no rename that refuses to overwrite."""
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), source, None, target)


def system_rename(platform: str, libc: Any) -> Rename:
    """The rename of this system that refuses to overwrite."""
    if platform == "win32":
        return os.rename  # MoveFileExW without MOVEFILE_REPLACE_EXISTING
    find = mac_rename if platform == "darwin" else linux_rename
    return find(libc) or no_rename


def _c_error(source: Path, target: Path) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), str(source), None, str(target))


class System:
    """The raw calls, one to a method. Tests put another one into `fileops.system`."""

    def __init__(self) -> None:
        libc = None if sys.platform == "win32" else ctypes.CDLL(None, use_errno=True)
        self._rename = system_rename(sys.platform, libc)
        self._syncfs = getattr(libc, "syncfs", None)  # syncfs(2) of Linux

    def rename(self, source: Path, target: Path) -> None:
        """Rename; FileExistsError if `target` is there."""
        self._rename(source, target)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name; FileExistsError if `target` is there."""
        os.link(source, target, follow_symlinks=False)

    def unlink(self, path: Path) -> None:
        """Take a name away."""
        if sys.platform == "win32":
            despite_read_only(lambda file: file.unlink(), path)
        else:
            path.unlink()

    def mkdir(self, folder: Path) -> None:
        """Make one folder."""
        folder.mkdir()

    def rmdir(self, folder: Path) -> None:
        """Remove an empty folder."""
        folder.rmdir()

    def status(self, path: Path) -> os.stat_result:
        """Look at a name; links are not followed."""
        return os.lstat(path)

    def open(self, path: Path) -> int:
        """Open a file for reading; a link is refused."""
        return os.open(path, os.O_RDONLY | _NO_LINKS | _OPEN_FLAGS)

    def open_to_sync(self, path: Path) -> int:
        """Open a file only to sync it."""
        if sys.platform == "win32":
            return despite_read_only(lambda file: os.open(file, os.O_RDWR | _OPEN_FLAGS), path)
        return os.open(path, os.O_RDONLY | _NO_LINKS | _OPEN_FLAGS)

    def create(self, path: Path) -> int:
        """Open a new file for writing, readable by its owner only; FileExistsError if it is there."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS | _OPEN_FLAGS, 0o600)

    def read(self, descriptor: int, size: int) -> bytes:
        """Read the next bytes, `size` at most, none at the end."""
        return os.read(descriptor, size)

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write; the answer is how many bytes were taken."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Bring a file's bytes and details onto the disk."""
        if sys.platform == "darwin":  # fsync there stops at the drive's own cache
            import fcntl

            try:
                fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            except OSError as error:
                if error.errno not in NO_SUCH_CALL:
                    raise
            else:
                return
        os.fsync(descriptor)

    def sync_folder(self, folder: Path) -> None:
        """Bring a folder's names onto the disk; Windows does so itself, some network drives can't."""
        if sys.platform == "win32":
            return
        descriptor = os.open(folder, os.O_RDONLY | _OPEN_FLAGS)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in NO_SUCH_CALL | {errno.EBADF}:
                raise
        finally:
            os.close(descriptor)

    def sync_disk(self, folder: Path) -> bool:
        """Bring all of a folder's file system onto its disk; False where the system has no such call."""
        if self._syncfs is None:
            return False
        descriptor = os.open(folder, os.O_RDONLY | _OPEN_FLAGS)
        try:
            if self._syncfs(descriptor) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(folder))
        finally:
            os.close(descriptor)
        return True

    def forget(self, descriptor: int) -> None:
        """Drop a file's bytes from the page cache where the system can, so that reading asks the disk."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def set_times(self, path: Path, accessed_ns: int, modified_ns: int) -> None:
        """Set a file's dates."""
        os.utime(path, ns=(accessed_ns, modified_ns))

    def set_mode(self, path: Path, mode: int) -> None:
        """Set a file's permissions."""
        path.chmod(mode)

    def set_owner(self, path: Path, user: int, group: int) -> None:
        """Set a file's owner, on systems that have one."""
        if sys.platform != "win32":
            os.chown(path, user, group)

    def copy_attributes(self, source: Path, target: Path) -> None:
        """Copy extended attributes, on systems that have them: all that go, then OSError if one did not."""
        if sys.platform == "linux":
            copy_linux_attributes(source, target)
        elif sys.platform == "darwin":
            libc = ctypes.CDLL(None, use_errno=True)
            acl_and_xattr = 1 << 0 | 1 << 2  # <copyfile.h>
            if libc.copyfile(os.fsencode(source), os.fsencode(target), None, acl_and_xattr) != 0:
                raise _c_error(source, target)


def despite_read_only(act: Callable[[Path], T], path: Path) -> T:
    """Do to a read-only file what Windows does to writable ones only. Raises OSError."""
    try:
        return act(path)
    except PermissionError:
        mode = path.lstat().st_mode
        if mode & stat.S_IWRITE:
            raise
        path.chmod(mode | stat.S_IWRITE)
        try:
            return act(path)
        finally:
            with suppress(FileNotFoundError):
                path.chmod(mode)


def copy_linux_attributes(source: Path, target: Path) -> None:
    """Copy the extended attributes that the target's disk takes. Raises OSError if it refused one."""
    refused: list[OSError] = []
    for name in os.listxattr(source, follow_symlinks=False):
        if name.startswith("security."):
            continue  # SELinux gives each file its own
        value = os.getxattr(source, name, follow_symlinks=False)
        try:
            os.setxattr(target, name, value, follow_symlinks=False)
        except OSError as error:
            refused.append(error)
    if refused:
        raise refused[0]


system = System()


def look(path: Path) -> os.stat_result | None:
    """The status of a regular file; None if there is none (a link is none). Raises OSError."""
    try:
        status = system.status(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def split(path: Path) -> tuple[str, str]:
    """The folder and the name of an absolute path, as text: quicker than a Path's, for 100,000 of them."""
    folder, _, name = str(path).rpartition(os.sep)
    if not folder or folder.endswith(":"):
        folder += os.sep  # the root, of Windows' drives too
    return folder, name


def is_folder(path: Path) -> bool:
    """Whether a folder is there and its disk answers."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def rename_new(source: Path, target: Path) -> None:
    """Give a file a new name on the same disk, never over another file.

    Raises FileExistsError; `CannotRename` where the disk offers no safe way; `LeftBehind`; OSError.
    """
    try:
        system.rename(source, target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise CannotRename from error
        if error.errno not in NO_SUCH_CALL:
            raise
        rename_by_link(source, target)


def rename_by_link(source: Path, target: Path) -> None:
    """Rename by a second name and the removal of the first. Raises as `rename_new` does."""
    try:
        system.link(source, target)
    except OSError as error:
        if error.errno in _NO_LINK | {errno.EXDEV}:
            raise CannotRename from error
        raise
    try:
        system.sync_folder(target.parent)
        system.unlink(source)
    except OSError as error:
        take_back(target, error)
        raise


def set_date(path: Path, modified_ns: int) -> None:
    """Set a file's modification date, keep its access date. Raises OSError."""
    system.set_times(path, system.status(path).st_atime_ns, modified_ns)


def remove(path: Path) -> None:
    """Take away a name whose bytes the caller knows to be safe elsewhere. Raises OSError."""
    system.unlink(path)


def remove_temporary(path: Path) -> None:
    """Take away one of our temporaries if it is there. Raises OSError."""
    if look(path) is not None:
        system.unlink(path)


def take_back(path: Path, failure: BaseException) -> None:
    """Take away a name that we just made, because of a failure. Raises `LeftBehind`."""
    try:
        system.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LeftBehind(path, failure) from error


def make_folder(folder: Path) -> list[Path]:
    """Make a folder and those above it that are missing; the answer is those that were made.

    The caller syncs the folders that they lie in before anything is moved into them. A link or a file
    in its place is an error; the folder above, which a person chose, may be a link. Raises OSError.
    """
    try:
        status = system.status(folder)
    except FileNotFoundError:
        made = [] if is_folder(folder.parent) else make_folder(folder.parent)
    else:
        if not stat.S_ISDIR(status.st_mode) or leads_elsewhere(status):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
        return []
    try:
        system.mkdir(folder)
    except FileExistsError:
        return made + make_folder(folder)
    return [*made, folder]


def remove_folder(folder: Path) -> bool:
    """Remove a folder if it is empty; False if it is not, or is not there. Raises OSError."""
    try:
        system.rmdir(folder)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR}:
            return False
        raise
    return True


def sync_file(path: Path) -> None:
    """Bring a file's bytes onto the disk. Raises OSError."""
    descriptor = system.open_to_sync(path)
    try:
        system.sync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names onto the disk. Raises OSError."""
    system.sync_folder(folder)


def sync_folders(folders: Iterable[Path]) -> None:
    """Bring the names in many folders onto their disks, but for folders that are gone. Raises OSError."""
    disks: dict[int, list[Path]] = {}
    for folder in folders:
        try:
            disks.setdefault(system.status(folder).st_dev, []).append(folder)
        except FileNotFoundError:
            continue
    for one_disk in disks.values():
        # a sync of each folder waits for the disk each time
        if len(one_disk) <= _FEW_FOLDERS or not system.sync_disk(one_disk[0]):
            for folder in one_disk:
                system.sync_folder(folder)
