"""Promise 2: no primitive overwrites, whatever the system offers."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from support.junctions import make_junctions
from support.primitives import Watched, disk, unwatched

from flowersorter.sorting import fileops
from flowersorter.sorting.fileops import CannotRename, LeftBehind, rename_new


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"mine")
    return source, target


class FakeLibc:
    """A C library of macOS: its rename sets errno and overwrites unless the flag is RENAME_EXCL."""

    def __init__(self) -> None:
        self.flags: list[int] = []

        def renamex_np(old: bytes, new: bytes, flags: int) -> int:
            self.flags.append(flags)
            if flags == 4 and os.path.lexists(new):
                ctypes.set_errno(errno.EEXIST)
                return -1
            os.replace(old, new)
            return 0

        self.renamex_np = renamex_np


def renames() -> list[Any]:
    return [
        pytest.param(fileops.system_rename("linux", ctypes.CDLL(None, use_errno=True)), id="renameat2"),
        pytest.param(fileops.system_rename("darwin", FakeLibc()), id="renamex_np"),
    ]


@pytest.mark.parametrize("rename", renames())
def test_the_systems_rename_refuses_to_overwrite(rename: fileops.Rename, two: tuple[Path, Path]) -> None:
    source, target = two
    rename(source, target)
    assert (target.read_bytes(), source.exists()) == (b"mine", False)
    source.write_bytes(b"newcomer")
    with pytest.raises(FileExistsError):
        rename(source, target)
    assert (target.read_bytes(), source.read_bytes()) == (b"mine", b"newcomer")


def test_windows_own_rename_refuses_and_old_libraries_have_none(two: tuple[Path, Path]) -> None:
    assert fileops.system_rename("win32", None) is os.rename
    for platform in ("linux", "darwin"):
        rename = fileops.system_rename(platform, object())
        with pytest.raises(OSError, match="not implemented") as refused:
            rename(*two)
        assert refused.value.errno == errno.ENOSYS


@pytest.mark.parametrize("way", ["rename", "link"])
@pytest.mark.parametrize("taken", ["file", "folder", "link", "dangling link"])
def test_no_taken_name_is_taken_again(way: str, taken: str, two: tuple[Path, Path], tmp_path: Path) -> None:
    source, target = two
    if taken == "file":
        target.write_bytes(b"a stranger's")
    elif taken == "folder":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / ("source" if taken == "link" else "nowhere"))
    before = os.lstat(target)
    with disk(way), pytest.raises(FileExistsError):
        rename_new(source, target)
    assert os.lstat(target).st_ino == before.st_ino
    assert source.read_bytes() == b"mine"


@pytest.mark.parametrize("way", ["rename", "link"])
def test_a_rename_keeps_bytes_date_and_permissions(way: str, two: tuple[Path, Path]) -> None:
    """Promise 13."""
    source, target = two
    source.chmod(0o604)
    before = source.stat()
    with disk(way):
        rename_new(source, target)
    after = target.stat()
    assert not source.exists()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_mode,
    )
    assert after.st_nlink == 1


@pytest.mark.parametrize("refused", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
@pytest.mark.parametrize("no_link", [errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV])
def test_where_rename_and_link_are_refused_it_says_so(
    refused: int, no_link: int, two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fileops, "system", Watched(unwatched, {"rename": refused, "link": no_link}))
    with pytest.raises(CannotRename):
        rename_new(*two)
    assert two[0].exists()
    assert not two[1].exists()


def test_another_disk_is_no_rename(two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fileops, "system", Watched(unwatched, {"rename": errno.EXDEV}))
    with pytest.raises(CannotRename):
        rename_new(*two)


def test_a_link_that_cannot_be_finished_is_taken_back(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = two
    system = Watched(unwatched, {"rename": errno.EINVAL, "sync_folder": errno.EIO})
    monkeypatch.setattr(fileops, "system", system)
    with pytest.raises(OSError, match="Input/output"):
        rename_new(source, target)
    assert (source.exists(), target.exists()) == (True, False)


def test_a_link_that_cannot_be_taken_back_is_said(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    system = Watched(unwatched, {"rename": errno.EINVAL, "unlink": errno.EACCES})
    monkeypatch.setattr(fileops, "system", system)
    with pytest.raises(LeftBehind):
        rename_new(*two)
    assert two[0].samefile(two[1])


def test_only_regular_files_are_seen(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    found = [
        name for name in ("file", "link", "pipe", "nothing", "file/below") if fileops.look(tmp_path / name)
    ]
    assert found == ["file"]


def test_folders_are_made_with_those_above_and_removed_when_empty(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    assert fileops.make_folder(deep) == [tmp_path / "a", deep]
    assert fileops.make_folder(deep) == []
    assert not fileops.remove_folder(tmp_path / "a")
    assert fileops.remove_folder(deep)
    assert not fileops.remove_folder(deep)


@pytest.mark.parametrize("path", ["/a.jpg", "/photos/a.jpg", "/photos/sub/ros\udce9.jpg"])
def test_paths_are_split_as_pathlib_does(path: str) -> None:
    assert fileops.split(Path(path)) == (str(Path(path).parent), Path(path).name)


def test_a_link_is_no_folder_to_move_into(tmp_path: Path) -> None:
    """Promise 9: a folder that was swapped for a link is not entered."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "Rose").symlink_to(tmp_path / "outside", target_is_directory=True)
    with pytest.raises(FileExistsError):
        fileops.make_folder(tmp_path / "Rose")


def test_a_junction_is_no_folder_to_move_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 9."""
    (tmp_path / "Rose").mkdir()
    make_junctions(monkeypatch, tmp_path / "Rose")
    with pytest.raises(FileExistsError):
        fileops.make_folder(tmp_path / "Rose")


def test_the_folder_that_a_person_chose_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir()
    (tmp_path / "photos").symlink_to(tmp_path / "large disk", target_is_directory=True)
    assert fileops.make_folder(tmp_path / "photos" / "Rose") == [tmp_path / "photos" / "Rose"]
    assert (tmp_path / "large disk" / "Rose").is_dir()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere", target_is_directory=True)
    with pytest.raises(FileExistsError):
        fileops.make_folder(tmp_path / "gone" / "Rose")


class OnWindows(type(Path())):  # type: ignore[misc]
    """A file that can't be taken away while it is read-only, and while it is `busy` not at all."""

    busy = False

    def unlink(self, missing_ok: bool = False) -> None:
        if self.busy or not self.stat().st_mode & stat.S_IWRITE:
            raise PermissionError(errno.EACCES, "access is denied")
        super().unlink(missing_ok)


@pytest.mark.parametrize("mode", [0o444, 0o644])
def test_windows_lets_a_read_only_file_go(mode: int, tmp_path: Path) -> None:
    path = OnWindows(tmp_path / "a.jpg")
    path.touch(mode)
    fileops.despite_read_only(OnWindows.unlink, path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o444, 0o644])
def test_a_file_that_windows_keeps_stays_as_it_was(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = OnWindows(tmp_path / "a.jpg")
    path.touch(mode)
    monkeypatch.setattr(OnWindows, "busy", True)
    with pytest.raises(PermissionError):
        fileops.despite_read_only(OnWindows.unlink, path)
    assert path.stat().st_mode & 0o777 == mode


def test_windows_opens_a_read_only_file_to_sync_it(tmp_path: Path) -> None:
    """Promise 6: else a run whose photos are read-only could never be cleared up."""
    path = tmp_path / "a.jpg"
    path.touch(0o444)

    def open_to_write(file: Path) -> int:
        if not file.stat().st_mode & stat.S_IWRITE:
            raise PermissionError(errno.EACCES, "access is denied")
        return os.open(file, os.O_RDWR)

    os.close(fileops.despite_read_only(open_to_write, path))
    assert path.stat().st_mode & 0o777 == 0o444


def test_syncing_where_it_cannot_be_done_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_descriptor: int) -> None:
        raise OSError(errno.EINVAL, "a network drive")

    monkeypatch.setattr(os, "fsync", fsync)
    fileops.sync_folder(tmp_path)
