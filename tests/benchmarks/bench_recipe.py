"""How well does a head on cached features do beside the plain transfer recipe, on the same photos?

    python tests/benchmarks/bench_recipe.py [LABELLED] [--weights FILE] [--splits 3] [--epochs 10]

For each split (its seed is its number) a grouped fifth is held back. The recipe trains on the rest (frozen
ResNet-18, new last layer, 10 epochs of SGD with learning rate 0.001, momentum 0.9, batches of 32, random
crops and flips); the head is fitted on cached features of the same photos, its strength chosen by
cross-validation among them. Both are then asked for the held-back photos. Nothing is chosen on those.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from flowersorter.learning.backbone import Backbone, load_backbone
from flowersorter.learning.dataset import LabelledPhoto, read_labelled
from flowersorter.learning.devices import ChosenDevice, choose_device
from flowersorter.learning.evaluate import Answer, Epoch
from flowersorter.learning.feature_store import FeatureStore
from flowersorter.learning.features import Seen, read_features
from flowersorter.learning.lesson import Lesson, learn_fold, make_lesson
from flowersorter.learning.network import Network
from flowersorter.learning.recipe import EPOCHS, HELD_BACK, learn_by_recipe
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import silent

SHARED = Path(__file__).parents[3] / "shared"


@dataclass(frozen=True)
class Row:
    """What one split showed: accuracies, 0 to 1, and seconds."""

    seed: int
    taught: int
    held_back: int
    recipe: float
    recipe_seconds: float
    head: float
    head_seconds: float


def main() -> None:
    options = _parser().parse_args()
    device = choose_device(options.device)
    backbone = load_backbone(options.weights)
    labelled = read_labelled(options.labelled)
    photos = _every_nth(labelled.photos, options.photos)
    print(f"{len(photos)} photos of {len(labelled.species)} species in {options.labelled}")
    print(
        f"weights {options.weights.name}, sha256 {backbone.sha256[:16]}, torch {torch.__version__}, {device}"
    )
    with PicturePool() as pool:
        seen, reading_seconds = _read(photos, backbone, device, pool)
        speed = len(photos) / reading_seconds
        print(f"features of all photos, once: {reading_seconds:.1f} s ({speed:.0f} a second)")
        readable = [(photo, one) for photo, one in zip(photos, seen, strict=True) if one.problem is None]
        rows = []
        for seed in range(1, options.splits + 1):
            kept = [photo for photo, _ in readable]
            lesson = make_lesson(kept, [one for _, one in readable], labelled.species, seed)
            rows.append(_compare(seed, lesson, backbone, device, pool, options.epochs))
            _print_rows(rows[-1:], header=seed == 1)
    _print_summary(rows, reading_seconds, options.epochs)


def _compare(
    seed: int, lesson: Lesson, backbone: Backbone, device: ChosenDevice, pool: PicturePool, epochs: int
) -> Row:
    started = time.perf_counter()
    learned = learn_by_recipe(lesson, backbone, device, pool, seed, _watch, epochs)
    recipe_seconds = time.perf_counter() - started
    started = time.perf_counter()
    answers = list(learn_fold(lesson, HELD_BACK, silent).answers.values())
    head_seconds = time.perf_counter() - started
    if {answer.path for answer in answers} != {answer.path for answer in learned.answers}:
        raise AssertionError("the two were asked for different photos")
    return Row(
        seed=seed,
        taught=len(lesson.paths) - len(answers),
        held_back=len(answers),
        recipe=_accuracy(learned.answers),
        recipe_seconds=recipe_seconds,
        head=_accuracy(answers),
        head_seconds=head_seconds,
    )


def _read(
    photos: Sequence[LabelledPhoto], backbone: Backbone, device: ChosenDevice, pool: PicturePool
) -> tuple[list[Seen], float]:
    with tempfile.TemporaryDirectory() as folder, FeatureStore(Path(folder) / "features.sqlite") as store:
        started = time.perf_counter()
        seen = read_features(
            [photo.path for photo in photos],
            network=Network(backbone, device),
            store=store,
            pool=pool,
            known_digest=lambda path: None,  # noqa: ARG005 - nothing is known: the time is that of a first look
            on_look=silent,
            report=silent,
        )
        return list(seen), time.perf_counter() - started


def _watch(event: object) -> None:
    """Show how the recipe gets on, on standard error, so that the table stays clean."""
    if isinstance(event, Epoch):
        held_back = "" if event.val_accuracy is None else f", held back {event.val_accuracy:.3f}"
        print(f"  recipe: loss {event.train_loss:.3f}{held_back}", file=sys.stderr, flush=True)


def _accuracy(answers: Sequence[Answer]) -> float:
    return sum(answer.correct for answer in answers) / len(answers)


def _print_rows(rows: Sequence[Row], *, header: bool) -> None:
    if header:
        print("\nsplit  taught  held back   recipe (seconds)     head (seconds)   difference, points")
    for row in rows:
        print(
            f"{row.seed:5}  {row.taught:6}  {row.held_back:9}   {row.recipe:.4f} {row.recipe_seconds:9.1f}"
            f"   {row.head:.4f} {row.head_seconds:9.1f}   {100 * (row.head - row.recipe):+10.2f}",
            flush=True,
        )


def _print_summary(rows: Sequence[Row], reading_seconds: float, epochs: int) -> None:
    recipe = statistics.mean(row.recipe for row in rows)
    head = statistics.mean(row.head for row in rows)
    recipe_seconds = statistics.mean(row.recipe_seconds for row in rows)
    head_seconds = reading_seconds + statistics.mean(row.head_seconds for row in rows)
    print(f"\nmean of {len(rows)} splits, recipe of {epochs} epochs:")
    print(f"  recipe {recipe:.4f} in {recipe_seconds:.1f} s")
    print(f"  head   {head:.4f} in {head_seconds:.1f} s, reading the photos included")
    print(
        f"  difference {100 * (head - recipe):+.2f} points; {recipe_seconds / head_seconds:.1f} times as fast"
    )
    print("PASS" if head >= recipe else "FAIL", "the head is at least as accurate as the plain recipe")


def _every_nth(photos: Sequence[LabelledPhoto], limit: int | None) -> list[LabelledPhoto]:
    step = 1 if limit is None else max(1, len(photos) // limit)
    return list(photos[::step])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A head on cached features beside the plain recipe.")
    parser.add_argument("labelled", nargs="?", type=Path, default=SHARED / "photos" / "five-flowers")
    parser.add_argument(
        "--weights", type=Path, default=SHARED / "weights" / "resnet18-imagenet-quantised.pth"
    )
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--photos", type=int, help="take about so many photos only")
    parser.add_argument("--device", default="auto")
    return parser


if __name__ == "__main__":
    main()
