"""Promises 5 and 6 on real disks: full, read-only, limited, two of them."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.disks import memory_folder
from support.garden import Garden
from support.primitives import disk
from support.tally import TALLY, nothing_lost
from support.trees import contents, tree

from flowersorter.progress import Progress
from flowersorter.records import Code, Status, Transfer
from flowersorter.sorting import preflight

LARGE = 300_000  # bytes


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A real disk in memory with options of its own."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a disk in memory")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def plant_large(garden: Garden, *names: str) -> None:
    garden.plant(*names)
    for name in names:
        path = garden.root / name
        status = path.stat()
        path.write_bytes(path.read_bytes().ljust(LARGE, b"."))
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))


def test_a_disk_that_fills_up_costs_only_what_does_not_fit(tmp_path: Path) -> None:
    """Promise 5: the next, smaller photo still fits."""
    with mounted(tmp_path / "stick", "size=1m") as stick:
        garden = Garden.lay_out(tmp_path / "garden", stick / "sorted")
        plant_large(garden, *(f"rose_{n}.jpg" for n in range(5)))
        garden.plant("zinnia_1.jpg")
        before, kept = tree(garden.root), contents(garden.root)
        plan = garden.plan()
        (full,) = (one for one in preflight.check(plan) if one.reason.code is Code.DISK_FULL)
        assert full.blocks
        receipt = garden.carry_out(plan)
        failed = [one for one in receipt.outcomes if one.status is Status.FAILED]
        assert 0 < len(failed) < 5
        assert {one.reason.code for one in failed if one.reason} == {Code.DISK_FULL}
        assert receipt.outcomes[-1].status is Status.MOVED
        nothing_lost(kept, contents(garden.root) + contents(garden.into))
        assert not list(garden.into.rglob(".flowersorter*"))
        assert garden.undo().restored == receipt.count(Status.MOVED)
        assert tree(garden.root) == before
        TALLY["fault points"] += len(failed)


def test_a_read_only_disk_takes_nothing_and_says_so(tmp_path: Path) -> None:
    with mounted(tmp_path / "card", "size=1m") as card:
        garden = Garden(card / "photos", tmp_path / "sorted", tmp_path / "data" / "journal.sqlite")
        garden.root.mkdir()
        before = tree(garden.plant("rose_1.jpg", "rose_1.xmp").root)
        subprocess.run(["mount", "-o", "remount,ro", card], check=True)
        plan = garden.plan()
        assert [(one.reason.code, one.blocks) for one in preflight.check(plan)] == [(Code.READ_ONLY, True)]
        (outcome,) = garden.carry_out(plan).outcomes
        assert outcome.reason is not None
        assert (outcome.status, outcome.reason.code) == (Status.FAILED, Code.READ_ONLY)
        assert tree(garden.root) == before
        assert not contents(garden.into)
        assert garden.sort(transfer=Transfer.COPY).count(Status.COPIED) == 1
        TALLY["fault points"] += 1


def test_a_read_only_target(tmp_path: Path) -> None:
    with mounted(tmp_path / "card", "size=1m,ro") as card:
        garden = Garden.lay_out(tmp_path / "garden", card / "sorted")
        before = tree(garden.plant("rose_1.jpg").root)
        (outcome,) = garden.sort().outcomes
        assert outcome.reason is not None
        assert (outcome.status, outcome.reason.code) == (Status.FAILED, Code.READ_ONLY)
        assert tree(garden.root) == before
        TALLY["fault points"] += 1


@pytest.mark.parametrize("way", ["copy", "fill", "disks"])
def test_a_limit_on_file_size(way: str, fast_folder: Path) -> None:
    """Promise 5: RLIMIT_FSIZE stands for a FAT disk and a photo that is too large for it."""
    garden = Garden.lay_out(fast_folder)
    plant_large(garden, "rose_1.jpg")
    garden.plant("daisy_1.jpg")
    before = tree(garden.root)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    plan = garden.plan()
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGE - 1, hard))
    try:
        with disk(way):
            daisy, rose = garden.carry_out(plan).outcomes
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert rose.reason is not None
    assert (daisy.status, rose.status, rose.reason.code) == (Status.MOVED, Status.FAILED, Code.DISK_FULL)
    garden.undo()
    assert tree(garden.root) == before
    TALLY["fault points"] += 1


def test_two_real_disks(tmp_path: Path) -> None:
    """Promise 6: a real EXDEV, there and back."""
    with memory_folder(fallback=tmp_path / "none") as other:
        if not other.exists() or other.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("this machine has one disk only")
        garden = Garden.lay_out(tmp_path, other / "sorted")
        before = tree(garden.plant("rose_1.jpg", "rose_1.xmp", "sub/daisy_1.jpg").root)
        kept = contents(garden.root)
        assert garden.sort().count(Status.MOVED) == 2
        assert not contents(garden.root)
        nothing_lost(kept, contents(garden.into))
        assert garden.undo().restored == 2
        assert tree(garden.root) == before


def test_a_disk_that_is_pulled_in_the_middle_stops_cleanly(tmp_path: Path) -> None:
    """Promise 5: the mount point is there still, and empty."""
    with mounted(tmp_path / "stick", "size=1m") as stick:
        garden = Garden.lay_out(tmp_path / "garden", stick / "sorted")
        before = tree(garden.plant(*(f"rose_{n}.jpg" for n in range(4))).root)
        plan = garden.plan()

        def pull(event: object) -> None:
            assert isinstance(event, Progress)
            if event.done == 2:
                shutil.rmtree(garden.into)

        receipt = garden.carry_out(plan, pull)
        assert receipt.count(Status.MOVED) == 0
        assert receipt.count(Status.FAILED) == 4
        assert tree(garden.root) == before
        TALLY["fault points"] += 1
