"""Promise 2: whoever comes at the same moment, nobody's file is overwritten."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.garden import Garden
from support.primitives import disk
from support.tally import TALLY, nothing_lost, nothing_overwritten
from support.trees import contents, digest

from flowersorter.records import Status
from flowersorter.sorting import copying, fileops, locks
from flowersorter.sorting.streams import hashing_thread

THREADS = 16
NAMES = 200


def race(move: Callable[[Path, Path], None], folder: Path) -> None:
    """16 threads bring a file each to every one of 200 names, at once."""
    target = folder / "target"
    target.mkdir()
    for thread in range(THREADS):
        (folder / f"{thread}").mkdir()
        for name in range(NAMES):
            (folder / f"{thread}" / f"{name}").write_bytes(f"{thread} {name}".encode())
    before = contents(folder)
    start = threading.Barrier(THREADS)
    won: list[tuple[int, int]] = []
    problems: list[BaseException] = []

    def run(thread: int) -> None:
        start.wait()
        for name in range(NAMES):
            try:
                move(folder / f"{thread}" / f"{name}", target / f"{name}")
            except FileExistsError:
                continue
            except BaseException as error:  # noqa: BLE001 - a thread's error must reach the test
                problems.append(error)
            else:
                won.append((thread, name))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    TALLY["races for a name"] += NAMES
    assert problems == []
    assert sorted(name for _, name in won) == list(range(NAMES))
    for thread, name in won:
        assert (target / f"{name}").read_bytes() == f"{thread} {name}".encode()
    nothing_lost(before, contents(folder))


@pytest.mark.parametrize("way", ["rename", "link"])
def test_sixteen_threads_race_for_one_name(way: str, fast_folder: Path) -> None:
    with disk(way):
        race(fileops.rename_new, fast_folder)


@pytest.mark.parametrize("way", ["rename", "fill"])
def test_sixteen_threads_race_with_copies(way: str, fast_folder: Path) -> None:
    def copy(source: Path, target: Path) -> None:
        temporary = target.with_name(f".{source.parent.name}-{source.name}")
        date = source.stat().st_mtime_ns
        copying.copy_new(source, target, temporary, hashing_thread(), expected=None, modified_ns=date)

    with disk(way):
        race(copy, fast_folder)


def test_the_race_sees_a_rename_that_overwrites(fast_folder: Path) -> None:
    """A test that cannot fail is worse than none."""
    tally = TALLY.copy()
    with pytest.raises(AssertionError):
        race(os.replace, fast_folder)
    TALLY.clear()
    TALLY.update(tally)


@pytest.mark.parametrize("way", ["rename", "link", "copy", "fill"])
def test_two_sorts_race_into_one_folder(way: str, fast_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two programs with two data directories, on a disk that has no locks."""

    def no_lock(_descriptor: int) -> None:
        return

    monkeypatch.setattr(locks, "lock_descriptor", no_lock)
    into = fast_folder / "sorted"
    gardens = [Garden.lay_out(fast_folder / name, into) for name in ("one", "two")]
    for garden in gardens:
        garden.plant(*(f"rose_{n}.jpg" for n in range(60)))
        for path in garden.root.iterdir():
            path.write_bytes(path.read_bytes() + garden.root.parent.name.encode())
    before = contents(gardens[0].root) + contents(gardens[1].root)
    plans = [garden.plan() for garden in gardens]
    statuses: list[Status] = []

    def sort(number: int) -> None:
        receipt = gardens[number].carry_out(plans[number])
        statuses.extend(outcome.status for outcome in receipt.outcomes)

    with disk(way):
        threads = [threading.Thread(target=sort, args=(number,)) for number in range(2)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    TALLY["races for a name"] += 60
    assert len(statuses) == 120
    assert statuses.count(Status.MOVED) == 60
    nothing_lost(before, contents(into) + contents(gardens[0].root) + contents(gardens[1].root))


@pytest.mark.parametrize("way", ["rename", "link", "copy", "fill", "disks"])
def test_a_stranger_writes_into_the_folder_all_the_while(way: str, fast_folder: Path) -> None:
    """Before each primitive he makes the file that is wanted next, if it is not there."""
    garden = Garden.lay_out(fast_folder)
    garden.plant(*(f"rose_{n}.jpg" for n in range(20)), "rose_3.jpg.xmp")
    before = contents(garden.root)
    plan = garden.plan()
    strangers: dict[str, str] = {}
    calls = 0

    def watch(_name: str, _arguments: tuple[object, ...]) -> None:
        nonlocal calls
        calls += 1
        move = plan.moves[calls * 7 % len(plan.moves)]
        if calls % 5 == 0 and move.target.parent.is_dir() and not move.target.exists():
            move.target.write_bytes(b"a stranger's %d" % calls)
            strangers[move.target.name] = digest(move.target)
            TALLY["races for a name"] += 1

    with disk(way, watch):
        receipt = garden.carry_out(plan)
    assert strangers
    assert receipt.count(Status.MOVED) + receipt.count(Status.FAILED) == 20
    folder = garden.root / "Rose"
    nothing_overwritten(strangers, {path.name: digest(path) for path in folder.iterdir()})
    nothing_lost(before, contents(garden.root))
