"""How fast photos move, beside a plain loop of shutil.move in the same run, both timed up to os.sync().

    python tests/benchmarks/bench_moving.py [--quick] [--disk DIR] [--other DIR] [--rounds N]

Prints photos per second, the ratio of the medians, between which ratios the middle half of the rounds lies,
and the largest memory, for one disk and for another. The two take turns at being first. On a machine that
others share single rounds tell little: shutil.move beside itself gave ratios from 0.57 to 1.36.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import truediv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flowersorter.records import Photo, Plan, Status, Transfer, Wish
from flowersorter.sorting import mover
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.plan import make_plan, survey
from flowersorter.sorting.volumes import Volumes

SPECIES = 20
WAYS = ("flowersorter", "shutil.move")
SAME_DISK_GOAL, OTHER_DISK_GOAL = 0.5, 0.6  # of shutil.move's speed


@dataclass(frozen=True)
class Load:
    """So many photos of so many bytes."""

    photos: int
    size: int

    def __str__(self) -> str:
        size = f"{self.size >> 20} MB" if self.size >= 1 << 20 else f"{self.size >> 10} KB"
        return f"{self.photos:,} x {size}"


FULL = (Load(10_000, 1 << 10), Load(1_000, 4 << 20))
QUICK = (Load(1_000, 1 << 10), Load(50, 4 << 20))


def make_photos(root: Path, load: Load) -> list[Wish]:
    """Photos of random bytes, and the species of each."""
    root.mkdir()
    noise = os.urandom(load.size - 8)
    wishes: list[Wish] = []
    for number in range(load.photos):
        data = number.to_bytes(8, "big") + noise
        path = root / f"IMG_{number:05}.jpg"
        path.write_bytes(data)
        status = path.stat()
        photo = Photo(path, status.st_size, status.st_mtime_ns)
        wishes.append(Wish(photo, hashlib.sha256(data).hexdigest(), f"Species {number % SPECIES}"))
    return wishes


def by_flowersorter(plan: Plan, journal_file: Path) -> None:
    with Journal.open(journal_file) as journal:
        receipt = mover.carry_out(plan, journal)
    if receipt.count(Status.MOVED) != len(plan.moves):
        raise SystemExit("not every photo was moved")


def by_shutil(plan: Plan) -> None:
    for folder in plan.new_folders:
        folder.mkdir()
    for move in plan.moves:
        shutil.move(move.photo.path, move.target)


def timed(work: Callable[[], None]) -> float:
    """Seconds of some work until everything is on the disk."""
    os.sync()
    start = time.perf_counter()
    work()
    os.sync()
    return time.perf_counter() - start


def measure(load: Load, disk: Path, target_disk: Path, way: str) -> float:
    """Seconds of one of the `WAYS`, with new photos."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=disk) as here,
        tempfile.TemporaryDirectory(prefix="bench-", dir=target_disk) as there,
    ):
        root = Path(here) / "photos"
        into = root if target_disk == disk else Path(there) / "sorted"
        wishes = make_photos(root, load)
        journal_file = Path(here) / "journal"
        with Journal.open(journal_file):
            pass  # made at the program's first start, not at each sort
        plan = make_plan(
            wishes, root=root, into=into, transfer=Transfer.MOVE, survey=survey(into, wishes, {})
        )
        if way == "flowersorter":
            return timed(partial(by_flowersorter, plan, journal_file))
        return timed(partial(by_shutil, plan))


def measure_often(load: Load, disk: Path, target_disk: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of each of the `WAYS`, by round."""
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in WAYS if number % 2 == 0 else WAYS[::-1]:
            seconds[way].append(measure(load, disk, target_disk, way))
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser(description="Time moving photos beside shutil.move.")
    parser.add_argument("--quick", action="store_true", help="fewer photos, two rounds")
    parser.add_argument("--disk", type=Path, default=Path(tempfile.gettempdir()), help="where the photos lie")
    parser.add_argument("--other", type=Path, default=Path("/dev/shm"), help="another disk")  # noqa: S108
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    volumes = Volumes.now()
    good = True
    for target in (options.disk, options.other):
        kinds = f"{volumes.of(options.disk).kind} to {volumes.of(target).kind}"
        place, goal = (
            ("same disk", SAME_DISK_GOAL) if target == options.disk else ("other disk", OTHER_DISK_GOAL)
        )
        sums = [0.0, 0.0]
        for load in QUICK if options.quick else FULL:
            seconds = measure_often(load, options.disk, target, 2 if options.quick else options.rounds)
            ours, theirs = (statistics.median(seconds[way]) for way in WAYS)
            ratio = theirs / ours
            low, _, high = statistics.quantiles(map(truediv, seconds[WAYS[1]], seconds[WAYS[0]]))
            sums = [sums[0] + ours, sums[1] + theirs]
            good = good and ratio >= goal
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{place:<11}{kinds:<16}{load!s:<16}flowersorter {load.photos / ours:8.0f}/s"
                f"   shutil.move {load.photos / theirs:8.0f}/s   ratio {ratio:5.2f} (goal {goal})"
                f"   {low:.2f} to {high:.2f}   peak memory {memory:4.0f} MB",
                flush=True,
            )
        print(f"{place:<11}{kinds:<16}both{'':<60}ratio {sums[1] / sums[0]:5.2f} (goal {goal})", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
