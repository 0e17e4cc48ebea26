"""Originals are gone at once, and what they took is freed beside what follows."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from support.disks import memory_folder
from support.garden import Garden
from support.primitives import Watched, unwatched

from flowersorter.records import Status
from flowersorter.sorting import fileops, removal
from flowersorter.sorting.removal import Remover
from flowersorter.sorting.volumes import Volume, Volumes

LARGE = 1 << 20


class Disks:
    """Two disks, of which the first frees a file only when it may. `freed` are the files' inodes."""

    def __init__(self, folder: Path) -> None:
        self.may_free = Event()
        self.freed: list[int] = []
        self.here, self.there = folder / "here", folder / "there"
        self.here.mkdir()

    def original(self, name: str = "rose.jpg") -> Path:
        path = self.here / name
        path.write_bytes(b"a rose")
        return path

    def remover(self, here: str = "ext4", there: str = "vfat") -> Remover:
        """For disks of these kinds; an empty `there` is the disk `here`."""
        volumes = [Volume(Path("/"), here, lambda: "here")]
        if there:
            volumes.append(Volume(self.there, there, lambda: "there"))
        return Remover(Volumes(volumes))

    def free(self, descriptor: int) -> None:
        assert self.may_free.wait(10)
        self.freed.append(os.fstat(descriptor).st_ino)
        os.close(descriptor)


@pytest.fixture
def disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disks]:
    disks = Disks(tmp_path)
    monkeypatch.setattr(removal, "_close", disks.free)
    yield disks
    disks.may_free.set()


def test_an_original_is_gone_before_its_bytes_are_freed(disks: Disks) -> None:
    original = disks.original()
    inode = original.stat().st_ino
    remover = disks.remover()
    remover.remove(original, disks.there / "rose.jpg", LARGE)
    assert not original.exists()
    assert disks.freed == []
    disks.may_free.set()
    remover.wait()
    assert disks.freed == [inode]


@pytest.mark.parametrize(
    ("here", "there", "size"),
    [
        pytest.param("ext4", "vfat", LARGE - 1, id="little to free"),
        pytest.param("ext4", "", LARGE, id="the copies need the space"),
        pytest.param("ntfs", "ext4", LARGE, id="Windows does not remove what is open"),
        pytest.param("ntfs3", "ext4", LARGE, id="not freed after a crash"),
        pytest.param("nfs4", "ext4", LARGE, id="has another name until it is closed"),
        pytest.param("cifs", "ext4", LARGE, id="a network drive, too"),
    ],
)
def test_a_removal_waits_where_it_has_to(disks: Disks, here: str, there: str, size: int) -> None:
    original = disks.original()
    remover = disks.remover(here, there)
    remover.remove(original, disks.there / "rose.jpg", size)
    assert not original.exists()
    remover.wait()  # nothing may be freed later, so this would fail
    assert disks.freed == []


def test_only_so_many_files_are_open(disks: Disks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_OPEN", 2)
    remover = disks.remover()
    for number in range(5):
        original = disks.original(f"rose_{number}.jpg")
        remover.remove(original, disks.there / original.name, LARGE)
    assert list(disks.here.iterdir()) == []
    disks.may_free.set()
    remover._thread.submit(int).result()  # the thread does one after the other
    assert len(disks.freed) == 2
    remover.remove(disks.original(), disks.there / "rose.jpg", LARGE)
    remover.wait()
    assert len(disks.freed) == 3


def test_what_can_not_be_opened_is_removed(disks: Disks, monkeypatch: pytest.MonkeyPatch) -> None:
    original = disks.original()
    monkeypatch.setattr(fileops, "system", Watched(unwatched, {"open": errno.EMFILE}))
    disks.remover().remove(original, disks.there / "rose.jpg", LARGE)
    assert not original.exists()


def test_what_can_not_be_removed_stays_and_is_closed(disks: Disks, monkeypatch: pytest.MonkeyPatch) -> None:
    original = disks.original()
    monkeypatch.setattr(fileops, "system", Watched(unwatched, {"unlink": errno.EACCES}))
    disks.may_free.set()
    remover = disks.remover()
    with pytest.raises(PermissionError):
        remover.remove(original, disks.there / "rose.jpg", LARGE)
    remover.wait()
    assert disks.freed == [original.stat().st_ino]


def test_what_is_gone_already_is_said(disks: Disks) -> None:
    with pytest.raises(FileNotFoundError):
        disks.remover().remove(disks.here / "rose.jpg", disks.there / "rose.jpg", LARGE)


def test_all_is_freed_when_a_sort_ends_and_not_before(
    disks: Disks, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = Remover.wait

    def waiting(remover: Remover) -> None:
        disks.may_free.set()
        wait(remover)

    monkeypatch.setattr(Remover, "wait", waiting)
    monkeypatch.setattr(removal, "_WORTH", 0)
    photos = tmp_path_factory.mktemp("photos")
    with memory_folder(fallback=photos) as there:
        if Volumes.now().same(photos, there):
            pytest.skip("there is one disk only")
        garden = Garden(photos, there, tmp_path_factory.mktemp("data") / "journal.sqlite")
        garden.plant("rose_1.jpg", "rose_1.xmp", "daisy_1.jpg")
        assert garden.sort().count(Status.MOVED) == 2
        assert len(disks.freed) == 3
