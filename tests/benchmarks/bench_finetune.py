"""How much does learning more deeply add to a head on frozen features, on the same photos?

    python tests/benchmarks/bench_finetune.py [LABELLED] [--weights FILE] [--seeds 1-10] [--keep FOLDER]

For each split (its seed is its number) a grouped fifth is held back. The head is fitted on cached features of
the rest. Then the network's last layers learn from the same rest, a part of which only says when to stop, and
the head is fitted anew on what the changed network makes of it. Both are asked for the held-back photos.
Nothing is chosen on those: the settings of `Depth` come from split 11.

What the frozen layers make of the photos is computed once for all splits, before the clock of the first
one, so each split's seconds leave that out. With `--keep`, it stays in a folder, and
so do the rows: a run that was stopped goes on. Features for the refit come from these kept activations.
"""

from __future__ import annotations

import argparse
import json
import pickle
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from paired import difference
from torch import nn
from views import see

from flowersorter.learning.activations import FreshViews, FrozenLayers, StoredViews, fill
from flowersorter.learning.backbone import Backbone, load_backbone
from flowersorter.learning.dataset import read_labelled
from flowersorter.learning.devices import ChosenDevice, choose_device, training_type
from flowersorter.learning.finetune import HELD_BACK, Count, learned_on, parts_of, train
from flowersorter.learning.fitting import Examples
from flowersorter.learning.learner import Depth
from flowersorter.learning.lesson import Lesson, learn_fold, make_lesson
from flowersorter.learning.network import Network
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import silent

SHARED = Path(__file__).parents[3] / "shared"


@dataclass(frozen=True)
class Row:
    """What one split showed: accuracies, 0 to 1; seconds of the loop, and photos that it learnt a second."""

    seed: int
    held_back: int
    head: float
    finetune: float
    epochs: int
    seconds: float
    speed: float


def main() -> None:
    options = _parser().parse_args()
    device, depth = choose_device(options.device), Depth()
    backbone = load_backbone(options.weights)
    print(f"weights sha256 {backbone.sha256[:16]}, torch {torch.__version__}, {device}\n{depth}", flush=True)
    with tempfile.TemporaryDirectory() as passing:
        folder = options.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "seen.pickle").is_file():
            _prepare(options.labelled, folder, backbone, device, depth)
        with (folder / "seen.pickle").open("rb") as stream:  # written by this script, a moment or a run ago
            photos, seen, species, rows_of, centres, shape = pickle.load(stream)
        numbers = np.memmap(folder / "views", dtype=np.float16, mode="r", shape=shape)
        views = StoredViews(numbers, rows_of, centres, torch.device(device.name))
        record = folder / "rows.jsonl"
        rows = _recorded(record)
        for seed in options.seeds:
            if seed in rows:
                continue
            lesson = make_lesson(photos, seen, species, seed)
            rows[seed] = _compare(seed, lesson, backbone, views, device, depth)
            with record.open("a") as stream:
                stream.write(json.dumps(asdict(rows[seed])) + "\n")
            print(rows[seed], flush=True)
        _print_summary([rows[seed] for seed in options.seeds])


def _prepare(labelled: Path, folder: Path, backbone: Backbone, device: ChosenDevice, depth: Depth) -> None:
    """Features of all photos, and kept views of them before the layers that learn."""
    found = read_labelled(labelled)
    with PicturePool() as pool:
        started = time.perf_counter()
        read = see(found.photos, Network(backbone, device), pool, folder)
        reading, photos = time.perf_counter() - started, read.labelled
        frozen = FrozenLayers(backbone.net, depth.layers, device)
        fresh = FreshViews([photo.path for photo in photos], frozen, pool, silent)
        started = time.perf_counter()
        torch.manual_seed(0)
        with (folder / "views").open("w+b") as file:
            everyone = range(len(photos))
            stored = fill(file, fresh, dict.fromkeys(everyone, depth.views), set(everyone))
        if stored is None:
            raise SystemExit(f"No photo in {labelled} could be read.")
        speed = len(stored.numbers) / (time.perf_counter() - started)
    print(
        f"features of {len(photos)} photos in {reading:.1f} s; {len(stored.numbers)} views at {speed:.0f}/s"
    )
    kept = (photos, read.seen, found.species, stored.rows, stored.centres, stored.numbers.shape)
    (folder / "seen.pickle").write_bytes(pickle.dumps(kept))


def _compare(
    seed: int, lesson: Lesson, backbone: Backbone, views: StoredViews, device: ChosenDevice, depth: Depth
) -> Row:
    plain = list(learn_fold(lesson, HELD_BACK, silent).answers.values())
    parts = parts_of(lesson)
    torch.manual_seed(seed)
    started = time.perf_counter()
    deepened = train(lesson, parts, backbone, views, device, depth, Count(silent, 0))
    seconds = time.perf_counter() - started
    features = _features(deepened.backbone, views, len(lesson.paths), device, depth)
    again = replace(lesson, examples=Examples(features, lesson.examples.labels, lesson.examples.species))
    deep = learned_on(again, parts, deepened, silent).answers
    if {answer.path for answer in plain} != {answer.path for answer in deep}:
        raise AssertionError("the two were asked for different photos")
    speed = len(deepened.epochs) * int(parts.learning.sum()) / seconds
    head, finetune = (statistics.mean(answer.correct for answer in answers) for answers in (plain, deep))
    return Row(seed, len(deep), head, finetune, len(deepened.epochs), seconds, speed)


def _features(
    backbone: Backbone, views: StoredViews, photos: int, device: ChosenDevice, depth: Depth
) -> np.ndarray:
    stages = [getattr(backbone.net, f"layer{number}") for number in range(5 - depth.layers, 5)]
    precision = training_type(device.name)
    tail = nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten()).to(device.name, precision)
    features = np.empty((photos, 512), dtype=np.float32)
    with torch.inference_mode():
        for places, activations in views.batches(np.arange(photos), None, depth.batch):
            features[places] = tail(activations.to(precision)).float().cpu().numpy()
    return features.astype(np.float16).astype(np.float32)


def _print_summary(rows: list[Row]) -> None:
    print("\nsplit  held back    head   finetune   points  epochs  seconds  photos/s")
    for row in rows:
        print(
            f"{row.seed:5}  {row.held_back:9}  {row.head:.4f}   {row.finetune:.4f}"
            f"  {100 * (row.finetune - row.head):+7.2f}  {row.epochs:6}  {row.seconds:7.1f}  {row.speed:8.1f}"
        )
    heads, finetunes = [row.head for row in rows], [row.finetune for row in rows]
    print(f"mean   head {statistics.mean(heads):.4f}, finetune {statistics.mean(finetunes):.4f}")
    print(f"finetune less head: {(gain := difference(finetunes, heads))}")
    print("PASS" if gain.low > 0 else "FAIL", "learning more deeply is better than the head alone")


def _recorded(record: Path) -> dict[int, Row]:
    if not record.is_file():
        return {}
    rows = [Row(**json.loads(line)) for line in record.read_text().splitlines()]
    return {row.seed: row for row in rows}


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Learning more deeply beside a head on frozen features.")
    parser.add_argument("labelled", nargs="?", type=Path, default=SHARED / "photos" / "five-flowers")
    parser.add_argument(
        "--weights", type=Path, default=SHARED / "weights" / "resnet18-imagenet-quantised.pth"
    )
    parser.add_argument("--seeds", type=_seeds, default="1-10", metavar="FIRST-LAST")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep views (about 1 GB) and rows here")
    parser.add_argument("--device", default="auto")
    return parser


if __name__ == "__main__":
    main()
