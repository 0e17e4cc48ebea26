"""How fast photos move, beside a plain loop of shutil.move in the same run, both timed up to os.sync().

    python tests/benchmarks/bench_moving.py [--quick] [--disk DIR] [--other DIR] [--rounds N]

Prints photos per second, the ratio of the medians and the largest memory, for one disk and for another.
On a machine whose processors others share, a round tells nothing where they calculated at half their speed
for one of the two. So a loop that only counts is timed on each before and after. Where it was slow another
round is made, up to four times as many as asked for; the steadiest count. (Nothing is kept to one processor:
while a copy is written, another one hashes it.)
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from flowersorter.records import Photo, Plan, Status, Transfer, Wish
from flowersorter.sorting import mover
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.plan import make_plan, survey
from flowersorter.sorting.volumes import Volumes

SPECIES = 20
STEADY = 1.5  # the counting loop may take so many times its quickest in this run
MOST = 4  # times as many rounds as are asked for
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


@dataclass(frozen=True)
class Timing:
    """Seconds of some work, and of the counting loop beside it."""

    seconds: float
    counting: float


def counting() -> float:
    """Seconds of a loop that takes nothing but the processor, on the slowest of them."""
    if not hasattr(os, "sched_setaffinity"):
        return _counting()
    processors = os.sched_getaffinity(0)
    try:
        return max(_counting(processor) for processor in processors)
    finally:
        os.sched_setaffinity(0, processors)


def _counting(processor: int | None = None) -> float:
    if processor is not None:
        os.sched_setaffinity(0, {processor})
    start = time.perf_counter()
    for _ in range(200_000):
        pass
    return time.perf_counter() - start


def timed(work: Callable[[], None]) -> Timing:
    """Time work until everything is on the disk."""
    os.sync()
    before = counting()
    start = time.perf_counter()
    work()
    os.sync()
    seconds = time.perf_counter() - start
    return Timing(seconds, max(before, counting()))


def measure(load: Load, disk: Path, target_disk: Path) -> tuple[Timing, Timing]:
    """Time FlowerSorter and shutil.move with the same photos."""
    timings: list[Timing] = []
    for way in ("flowersorter", "shutil"):
        with (
            tempfile.TemporaryDirectory(prefix="bench-", dir=disk) as here,
            tempfile.TemporaryDirectory(prefix="bench-", dir=target_disk) as there,
        ):
            root = Path(here) / "photos"
            into = root if target_disk == disk else Path(there) / "sorted"
            wishes = make_photos(root, load)
            with Journal.open(Path(here) / "journal"):
                pass  # made at the program's first start, not at each sort
            plan = make_plan(
                wishes, root=root, into=into, transfer=Transfer.MOVE, survey=survey(into, wishes, {})
            )
            if way == "flowersorter":
                timings.append(timed(partial(by_flowersorter, plan, Path(here) / "journal")))
            else:
                timings.append(timed(partial(by_shutil, plan)))
    return timings[0], timings[1]


def slowness(both: tuple[Timing, Timing]) -> float:
    """Seconds of the counting loop at its slowest beside one round."""
    return max(one.counting for one in both)


def measure_often(
    load: Load, disk: Path, target_disk: Path, wanted: int
) -> tuple[list[tuple[Timing, Timing]], int]:
    """The steadiest rounds, and how many were made: up to `MOST` times as many, while some were slow."""
    quickest = min(counting() for _ in range(20))
    rounds: list[tuple[Timing, Timing]] = []
    while len(rounds) < wanted or (
        len(rounds) < MOST * wanted and slowness(rounds[wanted - 1]) > STEADY * quickest
    ):
        rounds.append(measure(load, disk, target_disk))
        rounds.sort(key=slowness)
        quickest = min(quickest, *(one.counting for one in rounds[0]))
    return rounds[:wanted], len(rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time moving photos beside shutil.move.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the photos, one round")
    parser.add_argument("--disk", type=Path, default=Path(tempfile.gettempdir()), help="where the photos lie")
    parser.add_argument("--other", type=Path, default=Path("/dev/shm"), help="another disk")  # noqa: S108
    parser.add_argument("--rounds", type=int, default=3)
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
            rounds, made = measure_often(load, options.disk, target, 1 if options.quick else options.rounds)
            ours, theirs = (
                statistics.median(one.seconds for one in timings) for timings in zip(*rounds, strict=True)
            )
            ratio = theirs / ours
            sums = [sums[0] + ours, sums[1] + theirs]
            good = good and ratio >= goal
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{place:<11}{kinds:<16}{load!s:<16}flowersorter {load.photos / ours:8.0f}/s"
                f"   shutil.move {load.photos / theirs:8.0f}/s   ratio {ratio:5.2f} (goal {goal})"
                f"   peak memory {memory:4.0f} MB   {len(rounds)} of {made} rounds",
                flush=True,
            )
        print(f"{place:<11}{kinds:<16}both{'':<60}ratio {sums[1] / sums[0]:5.2f} (goal {goal})", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
