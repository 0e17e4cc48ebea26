"""Promises 2, 6 and 13: a copy is complete, verified and alone before anybody relies on it."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from support.primitives import Watched, disk, unwatched

from flowersorter.sorting import fileops, streams
from flowersorter.sorting.copying import Copied, CopyDiffers, SourceChanged, copy_new
from flowersorter.sorting.streams import hashing_thread

BYTES = bytes(range(256)) * 9_000  # more than two chunks
DATE = 1_000_000_000_123_456_789


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.jpg"
    path.write_bytes(BYTES)
    path.chmod(0o640)
    os.utime(path, ns=(DATE, DATE))
    return path


def copy(source: Path, target: Path, expected: str | None = None) -> Copied:
    temporary = target.with_name(".temporary")
    return copy_new(source, target, temporary, hashing_thread(), expected=expected, modified_ns=DATE)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("way", ["rename", "link", "fill"])
def test_a_copy_has_bytes_date_permissions_and_attributes(way: str, source: Path, tmp_path: Path) -> None:
    """Promise 13."""
    target = tmp_path / "target.jpg"
    with disk(way):
        copied = copy(source, target, hashlib.sha256(BYTES).hexdigest())
    status = target.stat()
    assert target.read_bytes() == BYTES
    assert (status.st_mtime_ns, status.st_mode & 0o777) == (DATE, 0o640)
    assert copied == Copied((status.st_ino, len(BYTES), DATE), hashlib.sha256(BYTES).hexdigest(), ())
    assert names(tmp_path) == {"source.jpg", "target.jpg"}


def test_extended_attributes_are_kept(source: Path, tmp_path: Path) -> None:
    """Promise 13."""
    try:
        os.setxattr(source, "user.rating", b"5")
    except OSError:
        pytest.skip("the temporary folder's file system has no extended attributes")
    copy(source, tmp_path / "target.jpg")
    assert os.getxattr(tmp_path / "target.jpg", "user.rating") == b"5"


def test_one_attribute_that_is_refused_does_not_cost_the_others(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 13."""
    kept: dict[str, bytes] = {}

    def keep(_path: Path, name: str, value: bytes, *, follow_symlinks: bool) -> None:
        if name == "system.posix_acl_access":
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        kept[name] = value

    names_of = ["security.selinux", "system.posix_acl_access", "user.rating"]
    monkeypatch.setattr(os, "listxattr", lambda *_arguments, **_more: names_of)
    monkeypatch.setattr(os, "getxattr", lambda _path, name, **_more: name.encode())
    monkeypatch.setattr(os, "setxattr", keep)
    assert copy(source, tmp_path / "target.jpg").losses == ("xattrs",)
    assert kept == {"user.rating": b"user.rating"}


def test_what_a_disk_cannot_keep_is_said(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 13."""
    refuses = {"copy_attributes": errno.ENOTSUP, "set_mode": errno.EPERM, "set_times": errno.EPERM}
    monkeypatch.setattr(fileops, "system", Watched(unwatched, refuses))
    copied = copy(source, tmp_path / "target.jpg")
    assert copied.losses == ("xattrs", "permissions", "times")
    assert copied.stamp[2] == (tmp_path / "target.jpg").stat().st_mtime_ns != DATE


def test_a_date_that_is_rounded_is_said(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 13: FAT keeps every other second."""

    def set_times(self: fileops.System, path: Path, accessed_ns: int, modified_ns: int) -> None:
        os.utime(path, ns=(accessed_ns, modified_ns // 2_000_000_000 * 2_000_000_000))

    monkeypatch.setattr(fileops.System, "set_times", set_times)
    copied = copy(source, tmp_path / "target.jpg")
    assert copied.losses == ("times",)
    assert copied.stamp[2] == 1_000_000_000_000_000_000


@pytest.mark.parametrize("way", ["rename", "link", "fill"])
def test_a_copy_never_replaces_a_file(way: str, source: Path, tmp_path: Path) -> None:
    """Promise 2."""
    target = tmp_path / "target.jpg"
    target.write_bytes(b"a stranger's")
    with disk(way), pytest.raises(FileExistsError):
        copy(source, target)
    assert target.read_bytes() == b"a stranger's"
    assert names(tmp_path) == {"source.jpg", "target.jpg"}


def test_a_strangers_file_under_the_temporarys_name_is_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / ".temporary").write_bytes(b"a stranger's")
    with pytest.raises(FileExistsError):
        copy(source, tmp_path / "target.jpg")
    assert (tmp_path / ".temporary").read_bytes() == b"a stranger's"


@pytest.mark.parametrize("way", ["rename", "fill"])
def test_a_corrupting_write_is_seen(
    way: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 6: the disk took the bytes, and has others."""

    def write(self: fileops.System, descriptor: int, data: memoryview) -> int:
        return os.write(descriptor, bytes(data[:-1]) + b"\0")

    monkeypatch.setattr(fileops.System, "write", write)
    with disk(way), pytest.raises(CopyDiffers):
        copy(source, tmp_path / "target.jpg")
    assert names(tmp_path) == {"source.jpg"}


@pytest.mark.parametrize("corrupt", [False, True])
def test_a_file_that_is_too_large_to_keep_is_verified_too(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, corrupt: bool
) -> None:
    """Promise 6, with memory that stays flat: films and large RAW files are hashed twice instead."""
    monkeypatch.setattr(streams, "_KEPT_CHUNKS", 1)
    if not corrupt:
        copied = copy(source, tmp_path / "target.jpg")
        assert copied.digest == hashlib.sha256(BYTES).hexdigest()
        assert (tmp_path / "target.jpg").read_bytes() == BYTES
        return

    def write(self: fileops.System, descriptor: int, data: memoryview) -> int:
        return os.write(descriptor, bytes(data[:-1]) + b"\0")

    monkeypatch.setattr(fileops.System, "write", write)
    with pytest.raises(CopyDiffers):
        copy(source, tmp_path / "target.jpg")


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what was hashed, on a processor that is slow at it."""
    sizes: list[int] = []
    sha256 = hashlib.sha256

    class Hasher:
        def update(self, data: bytes) -> None:
            sha256(bytes(32 << 20))
            sizes.append(len(data))

        def hexdigest(self) -> str:
            return f"{len(sizes)} hashed"

    monkeypatch.setattr(hashlib, "sha256", Hasher)
    return sizes


@pytest.mark.parametrize("kept", [2, 8])
def test_no_more_waits_to_be_hashed_than_is_kept(
    hashed: list[int], source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """A processor that hashes a film more slowly than the disks copy it does not fill the memory."""
    monkeypatch.setattr(streams, "_CHUNK", len(BYTES) // 8)
    monkeypatch.setattr(streams, "_KEPT_CHUNKS", kept)
    ahead: list[int] = []  # so many chunks were written and not yet hashed, at each

    def watch(name: str, _arguments: tuple[Any, ...]) -> None:
        if name == "write":
            ahead.append(len(ahead) + 1 - len(hashed))

    with disk("rename", watch), streams.reading(source) as reading:
        writing = fileops.system.create(tmp_path / "target.jpg")
        passed = streams.passed_on(reading, writing, hashing_thread())
        os.close(writing)
    assert len(ahead) == 8
    assert max(ahead) <= kept + 1
    assert passed.digest.hex() == "8 hashed"


def test_a_disk_that_takes_little_at_a_time(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(self: fileops.System, descriptor: int, data: memoryview) -> int:
        return os.write(descriptor, data[:100_000])

    monkeypatch.setattr(fileops.System, "write", write)
    copy(source, tmp_path / "target.jpg")
    assert (tmp_path / "target.jpg").read_bytes() == BYTES


def test_a_source_that_is_modified_meanwhile_is_left(source: Path, tmp_path: Path) -> None:
    """Promise 6."""

    def watch(name: str, _arguments: tuple[Any, ...]) -> None:
        if name == "write" and source.stat().st_size == len(BYTES):
            with source.open("ab") as stream:
                stream.write(b"more")

    with disk("rename", watch), pytest.raises(SourceChanged):
        copy(source, tmp_path / "target.jpg")
    assert names(tmp_path) == {"source.jpg"}


def test_other_bytes_than_expected_are_not_copied(source: Path, tmp_path: Path) -> None:
    """Promise 17: not even for a moment, since recovery takes what has the name for what was meant."""
    calls: list[str] = []
    with disk("rename", lambda name, _arguments: calls.append(name)), pytest.raises(SourceChanged):
        copy(source, tmp_path / "target.jpg", expected="0" * 64)
    assert not {"rename", "link"} & set(calls)
    assert names(tmp_path) == {"source.jpg"}


def test_nothing_appears_under_the_name_before_it_is_synced_and_verified(
    source: Path, tmp_path: Path
) -> None:
    """Promise 6: the order of the protocol."""
    target = tmp_path / "target.jpg"
    calls: list[str] = []

    def watch(name: str, _arguments: tuple[Any, ...]) -> None:
        calls.append(name)
        assert not target.exists()

    with disk("rename", watch):
        copy(source, target)
    last_write = len(calls) - 1 - calls[::-1].index("write")
    assert last_write < calls.index("sync") < calls.index("forget") < calls.index("rename")
    assert "read" in calls[calls.index("forget") : calls.index("rename")]


def test_links_are_not_read_through(source: Path, tmp_path: Path) -> None:
    """Promise 9."""
    link = tmp_path / "link.jpg"
    link.symlink_to(source)
    with pytest.raises(OSError, match="symbolic links"):
        copy(link, tmp_path / "target.jpg")


def test_beginnings(tmp_path: Path) -> None:
    for name, data in {"whole": BYTES, "part": BYTES[:-1], "other": b"x" + BYTES[1:-1], "empty": b""}.items():
        (tmp_path / name).write_bytes(data)
    assert streams.begins_with(tmp_path / "whole", tmp_path / "part")
    assert streams.begins_with(tmp_path / "whole", tmp_path / "whole")
    assert streams.begins_with(tmp_path / "whole", tmp_path / "empty")
    assert not streams.begins_with(tmp_path / "whole", tmp_path / "other")
    assert not streams.begins_with(tmp_path / "part", tmp_path / "whole")
    assert not streams.same_bytes(tmp_path / "part", tmp_path / "other")
