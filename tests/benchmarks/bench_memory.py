"""Does the memory that sorting takes stay flat, whatever the folder's size?

    python tests/benchmarks/bench_memory.py [--counts 1000 50000] [--distinct 20000] [--weights FILE]

For each count a folder of drawn 32x32 JPEGs is made; from `distinct` on they are hard links to earlier ones
(the caches know those by their bytes). Then a fresh process sorts the folder without moving anything, through
`jobs.sort` (scan, classify, plan), with empty caches and a network that is really run. Printed are the peak
resident memory of that process and of its largest decoding child, side by side, and what the records of a
photo take: those do grow, for the window shows every photo.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from bench_sorting import save_model
from PIL import Image

from flowersorter.jobs.sort import SortRequest, classify, look_into, plan_moves
from flowersorter.learning.backbone import load_backbone
from flowersorter.paths import home_in
from flowersorter.settings import Settings

SHARED = Path(__file__).parents[3] / "shared"
SCRIPT = __file__
MIB = 2**20
GROWTH = 4096  # bytes of records a photo may take: path, digest, five scores, decision, plan


def main() -> None:
    options = _parser().parse_args()
    if options.child is not None:
        print(json.dumps(_sort(options.child, options.weights)))
        return
    rows = []
    for count in options.counts:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            distinct = make_photos(folder / "photos", count, options.distinct)
            command = [sys.executable, SCRIPT, "--child", name, "--weights", str(options.weights)]
            started = time.perf_counter()
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            row = json.loads(answer.stdout)
            rows.append((count, row))
            print(
                f"{count:7} photos ({distinct} distinct): program {row['classified'] / MIB:.0f} MiB when"
                f" classified, {row['parent'] / MIB:.0f} MiB when planned;"
                f" largest child {row['child'] / MIB:.0f} MiB; {row['named']} named"
                f" in {time.perf_counter() - started:.0f} s",
                flush=True,
            )
    (few, small), (many, large) = rows[0], rows[-1]
    growth = (large["parent"] - small["parent"]) / max(1, many - few)
    print(
        f"growth of the program's peak: {growth:.0f} bytes a photo; of a child's: "
        f"{(large['child'] - small['child']) / MIB:.1f} MiB in all"
    )
    passed = growth < GROWTH and large["child"] < small["child"] + 32 * MIB
    print("PASS" if passed else "FAIL", f"nothing grows but the records (at most {GROWTH} bytes a photo)")


def make_photos(folder: Path, count: int, distinct: int) -> int:
    """`count` tiny JPEGs; how many differ."""
    random = np.random.default_rng(0)
    folder.mkdir()
    pictures = []
    for number in range(64):
        file = folder.parent / f"picture {number}.jpg"
        Image.fromarray(random.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(file)
        pictures.append(file.read_bytes())
    for number in range(count):
        file = folder / f"photo {number:06}.jpg"
        if number < distinct:
            file.write_bytes(pictures[number % len(pictures)] + f"{number:06}".encode())
        else:
            os.link(folder / f"photo {number % distinct:06}.jpg", file)
    return min(count, distinct)


def _sort(folder: Path, weights: Path) -> dict[str, Any]:
    home = home_in(folder / "home")
    home.make()
    save_model(home, load_backbone(weights))
    request = SortRequest(folder / "photos", model="bench")
    found = look_into(home, request)
    peaks: dict[str, int] = {}
    threading.Thread(target=_watch_children, args=(peaks,), daemon=True).start()
    sorting = classify(home, Settings(weights_file=str(weights)), request, found)
    classified = _peak("self")
    planned = plan_moves(home, request, sorting.photos, {}, found)
    named = sum(one.guess is not None for one in sorting.photos)
    planned_for = len(planned.plan.moves) + len(planned.plan.kept) + len(planned.plan.skipped)
    if not named == planned_for == len(found.scan.photos):
        raise AssertionError("a photo was lost on the way")
    return {"classified": classified, "parent": _peak("self"), "child": max(peaks.values()), "named": named}


def _watch_children(peaks: dict[str, int]) -> None:
    """Keep the peak of each child: what the system counts for ended ones includes the fork of the parent."""
    while True:
        for task in Path("/proc/self/task").iterdir():
            with suppress(OSError):
                for child in (task / "children").read_text().split():
                    if b"spawn_main" not in Path(f"/proc/{child}/cmdline").read_bytes():
                        continue  # it still shares the parent's memory
                    peaks[child] = max(peaks.get(child, 0), _peak(child))
        time.sleep(0.2)


def _peak(process: str) -> int:
    """The most bytes that a process had resident since it began its program, 0 if it has gone (Linux)."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Peak memory of sorting small and large folders.")
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 50_000])
    parser.add_argument("--distinct", type=int, default=20_000)
    parser.add_argument(
        "--weights", type=Path, default=SHARED / "weights" / "resnet18-imagenet-quantised.pth"
    )
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    del __file__  # children would import this file, and torch with it: the program's own do not
    main()
