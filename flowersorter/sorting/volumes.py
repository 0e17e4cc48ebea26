"""Which disk a path lies on, under a name that stays the same when the disk is mounted elsewhere."""

from __future__ import annotations

import ctypes
import os
import plistlib
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from flowersorter.links import is_link
from flowersorter.sorting.fileops import is_folder, split

# An interrupted rename leaves one of the two names; in memory nothing outlives a power cut anyway.
JOURNALLED: Final = frozenset(
    {
        "apfs", "bcachefs", "btrfs", "ext3", "ext4", "f2fs", "hfs", "jfs", "ntfs", "ntfs3", "overlay",
        "ramfs", "refs", "reiserfs", "tmpfs", "xfs", "zfs",
    }
)  # fmt: skip
# These free a file that was removed while it was open even if the machine stops before it is closed. NTFS on
# Linux does not, network drives give it another name until then, and Windows refuses to remove it.
_FREES_ORPHANS: Final = frozenset(
    {"apfs", "bcachefs", "btrfs", "ext3", "ext4", "f2fs", "overlay", "ramfs", "tmpfs", "xfs", "zfs"}
)
# Linux mounts that never hold photos.
_PSEUDO: Final = frozenset(
    {
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs",
        "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "securityfs", "sysfs",
        "tracefs",
    }
)  # fmt: skip
_MAC_DATA: Final = Path("/System/Volumes/Data")
_BY_MOUNT: Final = "mount:"  # begins the id of a volume that has no better name than its place


class Place(NamedTuple):
    """A path that survives a change of the mount point: a volume, and bytes relative to its root."""

    volume: str
    path: bytes


@dataclass(frozen=True, slots=True)
class Volume:
    """One mounted file system. `inside` is its folder that is mounted at `mount`, empty for all of it."""

    mount: Path
    kind: str  # lower case, as the system calls it: ext4, apfs, ntfs
    identify: Callable[[], str]  # asked late, for a dead network drive hangs when it is touched
    inside: bytes = b""

    @property
    def journalled(self) -> bool:
        return self.kind in JOURNALLED

    @property
    def frees_orphans(self) -> bool:
        return self.kind in _FREES_ORPHANS


class _Located(NamedTuple):
    """A folder without links in its path, its volume, and its path there."""

    real: str
    volume: Volume
    inside: bytes


class Volumes:
    """The file systems that were mounted when this was made."""

    def __init__(self, mounted: Sequence[Volume]) -> None:
        # a later mount hides an earlier one
        self._mounted = {str(volume.mount): volume for volume in mounted}
        self._ids: dict[Path, str] = {}
        self._folders: dict[str, _Located] = {}
        # the volume of a folder whose files are placed, and what their paths there begin with
        self._prefixes: dict[str, tuple[str, bytes]] = {}
        self._roots: dict[str, list[Volume]] = {}

    @classmethod
    def now(cls) -> Volumes:
        """The file systems that are mounted now."""
        if sys.platform == "win32":
            return cls(_windows_volumes())
        if sys.platform == "darwin":
            return cls(_mac_volumes())
        return cls(linux_volumes(Path("/proc/self/mountinfo").read_bytes()))

    def of(self, folder: Path) -> Volume:
        """The volume that holds a folder, which need not exist yet."""
        return self._locate(str(folder)).volume

    def same(self, one: Path, other: Path) -> bool:
        """Whether two folders are on one volume, so that a rename may do."""
        return self.id(self.of(one)) == self.id(self.of(other))

    def id(self, volume: Volume) -> str:
        """The name of the volume that is the same tomorrow and elsewhere."""
        if volume.mount not in self._ids:
            self._ids[volume.mount] = volume.identify()
        return self._ids[volume.mount]

    def mount(self, name: str) -> Path:
        """Where the volume of that name is mounted. Raises KeyError where it is not."""
        found = self._mounts_of(name)
        if not found:
            raise KeyError(name)
        return found[0].mount

    def place(self, path: Path) -> Place:
        """Where a file is. Links in its folder's path are resolved, the file itself may be missing."""
        folder, name = split(path)
        if folder not in self._prefixes:
            _, volume, inside = self._locate(folder)
            self._prefixes[folder] = self.id(volume), inside + b"/" if inside else b""
        name_of_volume, prefix = self._prefixes[folder]
        return Place(name_of_volume, prefix + os.fsencode(name))

    def place_of_folder(self, folder: Path) -> Place:
        """Where a folder is; unlike a file it may be a volume's root."""
        _, volume, inside = self._locate(str(folder))
        return Place(self.id(volume), inside)

    def path(self, place: Place) -> Path | None:
        """Where a place is now; None if its volume is not mounted."""
        found: Path | None = None
        for volume in self._mounts_of(place.volume):
            if volume.inside and not (place.path + b"/").startswith(volume.inside + b"/"):
                continue
            path = volume.mount / os.fsdecode(place.path[len(volume.inside) :].lstrip(b"/"))
            if is_folder(path.parent):
                return path
            found = found or path
        return found

    def _mounts_of(self, name: str) -> list[Volume]:
        if name not in self._roots:
            found = [volume for volume in self._mounted.values() if self._answers_to(volume, name)]
            if not found and name.startswith(_BY_MOUNT) and is_folder(Path(name[len(_BY_MOUNT) :])):
                found = [_share(Path(name[len(_BY_MOUNT) :]))]
            self._roots[name] = found
        return self._roots[name]

    def _answers_to(self, volume: Volume, name: str) -> bool:
        try:
            return self.id(volume) == name
        except OSError:
            return False  # another user's mount: not the one that held this user's photos

    def _locate(self, folder: str) -> _Located:
        if folder not in self._folders:
            above, name = os.path.split(folder)
            # realpath looks at all folders above, for each species again; Windows needs it for short names
            if sys.platform == "win32" or name in {"", os.curdir, os.pardir} or is_link(Path(folder)):
                self._folders[folder] = self._located(os.path.realpath(folder))
            else:
                self._folders[folder] = self._below(self._locate(above), name)
        return self._folders[folder]

    def _below(self, above: _Located, name: str) -> _Located:
        real = os.path.join(above.real, name)  # noqa: PTH118 - a Path takes five times as long
        if real in self._mounted:
            return self._located(real)
        return _Located(real, above.volume, _join(above.inside, os.fsencode(name)))

    def _located(self, real: str) -> _Located:
        path = Path(real)
        above = next((one for one in map(str, (path, *path.parents)) if one in self._mounted), None)
        volume = _share(Path(path.anchor)) if above is None else self._mounted[above]
        inside = os.fsencode(path.relative_to(volume.mount).as_posix())
        return _Located(real, volume, _join(volume.inside, b"" if inside == b"." else inside))


def linux_volumes(mountinfo: bytes, by_uuid: Path = Path("/dev/disk/by-uuid")) -> list[Volume]:
    """Read ``/proc/self/mountinfo`` (proc(5))."""
    uuids: dict[str, str] = {}
    if by_uuid.is_dir():
        uuids = {os.path.realpath(link): link.name for link in by_uuid.iterdir()}
    volumes: list[Volume] = []
    for line in filter(None, mountinfo.split(b"\n")):  # a name may hold other ends of lines
        front, _, back = line.partition(b" - ")
        inside, mount = (_unescape(field) for field in front.split(b" ")[3:5])
        kind, source = (os.fsdecode(_unescape(field)) for field in back.split(b" ")[:2])
        if kind not in _PSEUDO:
            identify = _linux_id(Path(os.fsdecode(mount)), kind, source, uuids)
            volumes.append(Volume(Path(os.fsdecode(mount)), kind, identify, inside.rstrip(b"/")))
    return volumes


def mac_mounts(listing: str) -> list[tuple[Path, str]]:
    """Read the output of ``mount``: mount points and kinds; HFS without a journal is called "hfs-plain"."""
    mounts: list[tuple[Path, str]] = []
    for match in re.finditer(r"^.+? on (/.*) \((\w+)((?:, [^,)]+)*)\)$", listing, re.MULTILINE):
        journalled = match[2] != "hfs" or "journaled" in match[3].split(", ")
        mounts.append((Path(match[1]), match[2] if journalled else "hfs-plain"))
    return mounts


def _join(folder: bytes, name: bytes) -> bytes:
    if not folder:
        return name
    return folder + b"/" + name if name else folder


def _unescape(field: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), field)


def _linux_id(mount: Path, kind: str, source: str, uuids: dict[str, str]) -> Callable[[], str]:
    def identify() -> str:
        uuid = uuids.get(os.path.realpath(source)) if source.startswith("/dev/") else None
        if uuid is not None:
            return f"uuid:{uuid}"
        if ":" in source or source.startswith("//"):
            return f"net:{kind}:{source}"
        fsid = os.statvfs(mount).f_fsid
        # FUSE has none, and two vaults are not one disk
        return f"fsid:{fsid:x}" if fsid else f"at:{kind}:{source!a}:{str(mount)!a}"

    return identify


def _share(root: Path) -> Volume:
    """A Windows network share, which no drive letter lists."""
    return Volume(root, "network", lambda: f"{_BY_MOUNT}{root}")


def _mac_volumes() -> list[Volume]:
    listing = subprocess.run(["/sbin/mount"], capture_output=True, check=True, text=True).stdout
    mounts = [
        (mount, kind) for mount, kind in mac_mounts(listing) if not mount.is_relative_to("/System/Volumes")
    ]
    return [Volume(mount, kind, _mac_id(mount)) for mount, kind in mounts]


def _mac_id(mount: Path) -> Callable[[], str]:
    def identify() -> str:
        # the system's own volume gets a new id with each update, the one with the users' files keeps it
        asked = _MAC_DATA if mount == Path("/") and _MAC_DATA.exists() else mount
        command = ["/usr/sbin/diskutil", "info", "-plist", str(asked)]
        answer = subprocess.run(command, capture_output=True, check=False).stdout
        return mac_volume_id(answer, mount)

    return identify


def mac_volume_id(answer: bytes, mount: Path) -> str:
    """The id that ``diskutil info -plist`` answers; a network drive has none and goes by its mount point."""
    try:
        facts: dict[str, Any] = plistlib.loads(answer)
    except (plistlib.InvalidFileException, ValueError):
        facts = {}
    uuid = facts.get("VolumeUUID")
    return f"uuid:{uuid}" if uuid else f"{_BY_MOUNT}{mount}"


def _windows_volumes() -> list[Volume]:
    roots = [Path(f"{letter}:\\") for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    drives = kernel.GetLogicalDrives()
    return [
        Volume(root, _windows_kind(kernel, root), _windows_id(root))
        for index, root in enumerate(roots)
        if drives >> index & 1
    ]


def _windows_kind(kernel: Any, root: Path) -> str:
    name = ctypes.create_unicode_buffer(64)
    known = kernel.GetVolumeInformationW(str(root), None, 0, None, None, None, name, len(name))
    return name.value.lower() if known else "unknown"


def _windows_id(root: Path) -> Callable[[], str]:
    return lambda: f"serial:{root.stat().st_dev:x}"
