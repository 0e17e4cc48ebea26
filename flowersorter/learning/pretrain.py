"""Make the built-in model from labelled folders: ``python -m flowersorter.learning.pretrain``.

packaging/builtin-model.md says how it is used.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from flowersorter.learning.devices import choose_device
from flowersorter.learning.pretrain_export import export
from flowersorter.learning.pretrain_photos import Source, load_photos
from flowersorter.learning.pretrain_start import read_earlier
from flowersorter.learning.pretrain_training import (
    CHECKPOINT_FILE,
    EpochLine,
    Recipe,
    Run,
    another_cycle,
)
from flowersorter.progress import Progress
from flowersorter.records import Code, Left, Refused

LOG_FILE = "epochs.jsonl"


def main(arguments: Sequence[str]) -> int:
    """Read the photos, train, and export where asked; 0 done or stopped cleanly, 2 refused."""
    options = _parser().parse_args(arguments)
    command = shlex.join(["python", "-m", "flowersorter.learning.pretrain", *arguments])
    try:
        options.work.mkdir(parents=True, exist_ok=True)
        with FileLock(options.work / "lock", timeout=0):
            _pretrain(options, command)
    except Refused as refused:
        sys.stderr.write(f"{refused.reason.code}: {refused.reason.arguments}\n")
        return 2
    except Timeout:
        sys.stderr.write(f"another run works in {options.work}\n")
        return 2
    return 0


def _pretrain(options: argparse.Namespace, command: str) -> None:
    work: Path = options.work
    begun = (work / CHECKPOINT_FILE).exists()
    if begun and not options.resume:
        detail = f"{work} holds a checkpoint: add --resume or name another folder"
        raise Refused(Code.BAD_ARGUMENT, detail=detail)
    twins = json.loads(options.twins.read_text("utf-8")) if options.twins else {}
    photos = load_photos(Source(tuple(options.roots), twins, tuple(options.without)), work, _say)
    device = choose_device("auto")
    before = read_earlier(options.start) if options.start else None
    recipe = Recipe() if before is None else another_cycle(before.info.backbone_sha256)
    recipe = replace(recipe, seed=options.seed, epochs=options.epochs or recipe.epochs)
    if options.sides:
        if before is not None:
            raise Refused(Code.BAD_ARGUMENT, detail="--from a model has sides of its own: leave --sides out")
        starts = [start for start, _side in recipe.sides]
        recipe = replace(recipe, sides=tuple(zip(starts, options.sides, strict=True)))
    run = Run(photos, recipe, device.name, command, before)
    if begun:
        run.load(work)
    counts = {part: len(photos.part(part)) for part in ("training", "choice", "validation")}
    _say({"device": str(device), "species": len(photos.species), **counts, **asdict(run.place)})

    def log(line: EpochLine) -> None:
        with (work / LOG_FILE).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(line)) + "\n")
        _say(asdict(line))

    run.train(work, _stopper(options.minutes), log)
    if options.export and run.finished:
        figures = export(run, options.export, _say)
        _say({"exported": str(options.export), **figures["validation"]})


def _stopper(minutes: float | None) -> Callable[[], bool]:
    """Says when to stop: after so many minutes, or once a signal asked for it."""
    end = math.inf if minutes is None else time.monotonic() + 60 * minutes
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal calls it
        asked.set()

    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, ask)
    return lambda: asked.is_set() or time.monotonic() >= end


def _say(event: object) -> None:
    """One line of JSON on standard output; of reading, every thousandth photo."""
    if isinstance(event, Progress):
        if not event.done or (event.done % 1000 and event.done != event.total):
            return
        event = {"reading": event.done, "of": event.total}
    elif isinstance(event, Left):
        event = {"left_out": str(event.path), "code": event.reason.code}
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m flowersorter.learning.pretrain",
        description="Make the built-in model: train a ResNet-18 from random numbers on labelled folders.",
    )
    parser.add_argument("roots", nargs="+", type=Path, metavar="LABELLED", help="a folder of species folders")
    parser.add_argument("--work", required=True, type=Path, help="folder for pixels, checkpoint and log")
    parser.add_argument("--twins", type=Path, help="JSON: folder name -> the species that it means")
    parser.add_argument(
        "--without", action="append", default=[], metavar="SPECIES", help="leave a species out"
    )
    parser.add_argument(
        "--from", dest="start", type=Path, metavar="MODEL", help="go on from a model that was made so"
    )
    parser.add_argument(
        "--epochs", type=int, help=f"{Recipe().epochs}, or {another_cycle('').epochs} --from a model"
    )
    sides = [side for _start, side in Recipe().sides]
    parser.add_argument(
        "--sides", type=int, nargs=len(sides), metavar="PIXELS", help=f"of the crops, growing; {sides}"
    )
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --work")
    parser.add_argument("--minutes", type=float, help="stop cleanly after so many")
    parser.add_argument(
        "--export", type=Path, metavar="FOLDER", help="when finished, write the model file here"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
