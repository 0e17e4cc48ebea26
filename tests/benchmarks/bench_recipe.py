"""How well and how fast does a head on cached features do beside the plain transfer recipe?

    python tests/benchmarks/bench_recipe.py [LABELLED] [--weights FILE] [--work DIR] [--splits 10] [--views 3]
        [--literal]

For each split (its seed is its number) a grouped fifth is held back. The recipe trains on the rest (frozen
ResNet-18, new last layer, 10 epochs of SGD with learning rate 0.001, momentum 0.9, batches of 32, random
crops and flips); the head is fitted on cached features of the same photos, its strength chosen by
cross-validation among them; once with one view of each photo, once with the mean over --views. All are then
asked for the held-back photos. Nothing is chosen on those: the views were chosen on splits 11 to 30, which
--first 11 --splits 20 shows.

Accuracy: word for word, ten splits of the recipe take hours. But its frozen layers are in evaluation mode:
the features of a view depend on that view alone. So one random view of every photo for every epoch is run
through the network once (kept under --work), and each split's recipe walks its ten epochs over those
features: views of the same distribution, the same first layer by seed, order, batches, loss and steps. That
this is the same computation is checked here, on a part of the photos, against `learn_by_recipe` itself, with
the same views handed to both. --bfloat16 makes the views in that precision, 2.5 times as fast.

Speed: one epoch of `learn_by_recipe` is timed and multiplied (--literal runs all ten) beside everything that
teaching does: a first look at every photo, answers out of fold, the last fit.
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

import numpy as np
import torch
from numpy.typing import NDArray
from paired import difference
from torch import nn
from views import Photos, decode, features_of, frozen_layers, random_features, see

from flowersorter.learning import recipe
from flowersorter.learning.agreement import open_network
from flowersorter.learning.augment import random_view
from flowersorter.learning.backbone import Backbone, load_backbone
from flowersorter.learning.dataset import LabelledPhoto, read_labelled
from flowersorter.learning.devices import ChosenDevice, choose_device
from flowersorter.learning.evaluate import Epoch
from flowersorter.learning.head import Head
from flowersorter.learning.lesson import Lesson, answer_photos, learn_fold, learn_head, make_lesson
from flowersorter.learning.network import Network
from flowersorter.learning.recipe import BATCH, EPOCHS, HELD_BACK, LEARNING_RATE, MOMENTUM, learn_by_recipe
from flowersorter.learning.split import taught_without
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import silent

SHARED = Path(__file__).parents[3] / "shared"
VIEWS_SEED = 1
CHECKED_PHOTOS, CHECKED_EPOCHS, CHECK_SEED = 60, 2, 7
SPEED_GOAL = 20.0  # times as fast as the recipe


@dataclass(frozen=True)
class Row:
    """Accuracies on the held-back photos of one split, 0 to 1; `careful` is the head of several views."""

    seed: int
    taught: int
    held_back: int
    recipe: float
    head: float
    careful: float


def main() -> None:
    options = _parser().parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    device = choose_device(options.device)
    backbone = load_backbone(options.weights)
    labelled = read_labelled(options.labelled)
    found = _every_nth(labelled.photos, options.photos)
    print(f"{len(found)} photos of {len(labelled.species)} species in {options.labelled}")
    print(
        f"weights {options.weights.name}, sha256 {backbone.sha256[:16]}, torch {torch.__version__}, {device}"
    )
    with PicturePool() as pool:
        network = Network(backbone, device)
        photos = see(found, network, pool, options.work)
        careful = see(found, network, pool, options.work, options.views)
        _check(_lesson(_part(photos), 1), backbone, device, pool)
        precision = torch.bfloat16 if options.bfloat16 else torch.float32
        views = random_features(
            photos, backbone, pool, options.work, epochs=EPOCHS, seed=VIEWS_SEED, precision=precision
        )
        seeds = range(options.first, options.first + options.splits)
        _compare_accuracy(photos, careful, views, seeds, options.views)
        if not options.only_accuracy:
            epochs = EPOCHS if options.literal else 1
            _compare_speed(photos, backbone, device, pool, epochs, options.views)


# accuracy


def _compare_accuracy(
    photos: Photos, careful: Photos, views: NDArray[np.float32], seeds: Sequence[int], count: int
) -> None:
    rows = []
    print(f"\nsplit  taught  held back   recipe     head   {count}-view head")
    for seed in seeds:
        lesson = _lesson(photos, seed)
        head, _ = recipe_on_features(lesson, views, seed)
        judged, teaching = lesson.folds == HELD_BACK, _teaching(lesson)
        by_recipe = answer_photos(lesson, head, judged, teaching)
        by_head = learn_fold(lesson, HELD_BACK, silent).answers
        by_careful = learn_fold(_lesson(careful, seed), HELD_BACK, silent).answers
        if not by_recipe.keys() == by_head.keys() == by_careful.keys():
            raise AssertionError("they were asked for different photos")
        accuracies = [
            statistics.mean(answer.correct for answer in answers.values())
            for answers in (by_recipe, by_head, by_careful)
        ]
        row = Row(seed, int(teaching.sum()), len(by_head), *accuracies)
        rows.append(row)
        print(
            f"{seed:5}  {row.taught:6}  {row.held_back:9}   {row.recipe:.4f}   {row.head:.4f}"
            f"   {row.careful:11.4f}",
            flush=True,
        )
    recipes, heads, carefuls = (
        [getattr(row, name) for row in rows] for name in ("recipe", "head", "careful")
    )
    print(f"mean   recipe {statistics.mean(recipes):.4f}", end="   ")
    print(f"head {statistics.mean(heads):.4f}   {count}-view head {statistics.mean(carefuls):.4f}")
    print(f"head less recipe: {(gain := difference(heads, recipes))}")
    print(f"{count}-view head less recipe: {difference(carefuls, recipes)}")
    print(f"{count}-view head less head: {difference(carefuls, heads)}")
    print("PASS" if gain.mean >= 0 else "FAIL", "the head is at least as accurate as the plain recipe")


def recipe_on_features(
    lesson: Lesson, views: NDArray[np.float32], seed: int
) -> tuple[Head, list[tuple[float, float]]]:
    """The recipe's loop over features float32[epochs, N, 512].

    Gives the head, and the losses of each epoch on the taught and on the held-back photos.
    """
    labels = torch.from_numpy(lesson.examples.labels)
    taught = np.flatnonzero(_teaching(lesson))
    held_back = lesson.folds == HELD_BACK
    middles = torch.from_numpy(lesson.examples.features[held_back])
    criterion = nn.CrossEntropyLoss()
    losses = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = nn.Linear(512, len(lesson.examples.species))
        optimizer = torch.optim.SGD(layer.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
        for epoch in views:
            features = torch.from_numpy(epoch)
            total = 0.0
            order = torch.from_numpy(taught[torch.randperm(len(taught)).numpy()])
            for batch in order.split(BATCH):
                loss = criterion(layer(features[batch]), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(batch)
            with torch.inference_mode():
                losses.append((total / len(order), criterion(layer(middles), labels[held_back]).item()))
    weight, bias = (parameter.detach().numpy() for parameter in layer.parameters())
    return Head(lesson.examples.species, weight, bias, root=False), losses


def _check(lesson: Lesson, backbone: Backbone, device: ChosenDevice, pool: PicturePool) -> None:
    """Raise unless the recipe and its shortcut have the same losses, given the same views of a few photos."""
    pixels = decode(lesson.paths, pool)
    torch.manual_seed(CHECK_SEED)
    views = [
        [random_view(torch.from_numpy(one).permute(2, 0, 1)) for one in pixels] for _ in range(CHECKED_EPOCHS)
    ]
    waiting = {one.tobytes(): [epoch[place] for epoch in views] for place, one in enumerate(pixels)}
    literal = recipe._random_view
    recipe._random_view = lambda photo: waiting[photo.tobytes()].pop(0)
    try:
        learned = learn_by_recipe(lesson, backbone, device, pool, CHECK_SEED, silent, CHECKED_EPOCHS)
    finally:
        recipe._random_view = literal
    net = frozen_layers(backbone)
    features = np.stack(
        [features_of([v.permute(1, 2, 0).numpy() for v in epoch], _as_it_is, net) for epoch in views]
    )
    _, losses = recipe_on_features(lesson, features, CHECK_SEED)
    expected = [(epoch.train_loss, epoch.val_loss) for epoch in learned.epochs]
    if not np.allclose(losses, expected, rtol=2e-4):
        raise AssertionError(f"the shortcut is another computation: {losses} instead of {expected}")
    worst = np.abs(np.array(losses) / np.array(expected) - 1).max()
    print(f"word for word and on features, {len(pixels)} photos: losses differ by {worst:.1e} at most")


# speed


def _compare_speed(
    photos: Photos, backbone: Backbone, device: ChosenDevice, pool: PicturePool, epochs: int, views: int
) -> None:
    with tempfile.TemporaryDirectory() as empty:  # what teaching uses here, chosen as the program does
        network = open_network(backbone, device, Path(empty) / "engines.json")
    looking, fitting = _teach(photos, network, pool, 1)
    started = time.perf_counter()
    learn_by_recipe(_lesson(photos, 1), backbone, device, pool, 1, _watch, epochs)
    literal = (time.perf_counter() - started) * EPOCHS / epochs
    ratio = literal / (looking + fitting)
    print(
        f"\nspeed, {len(photos.seen)} photos, {network.precision}: looking at each once {looking:.1f} s, "
        f"all fits {fitting:.1f} s"
    )
    several, fitting_several = _teach(photos, network, pool, views)
    times = (several + fitting_several) / (looking + fitting)
    print(f"  with {views} views {several:.1f} s and {fitting_several:.1f} s: {times:.2f} times as long")
    how = "run word for word" if epochs == EPOCHS else f"{epochs} epoch timed, times {EPOCHS}"
    print(f"  {EPOCHS} epochs of the recipe ({how}) {literal:.1f} s: {ratio:.1f} times as long")
    print(
        "PASS" if ratio >= SPEED_GOAL else "FAIL", f"teaching from nothing is {SPEED_GOAL:.0f} times as fast"
    )


def _teach(photos: Photos, network: Network, pool: PicturePool, views: int) -> tuple[float, float]:
    """Seconds to look at every photo for the first time, and to fit all heads."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as empty:
        fresh = see(photos.labelled, network, pool, Path(empty), views)
    looked = time.perf_counter()
    learn_head(_lesson(fresh, 1), silent)
    return looked - started, time.perf_counter() - looked


def _lesson(photos: Photos, seed: int) -> Lesson:
    species = tuple(dict.fromkeys(photo.species for photo in photos.labelled))
    return make_lesson(photos.labelled, photos.seen, species, seed)


def _part(photos: Photos) -> Photos:
    step = max(1, len(photos.seen) // CHECKED_PHOTOS)
    return Photos(photos.labelled[::step], photos.seen[::step])


def _teaching(lesson: Lesson) -> NDArray[np.bool_]:
    return taught_without(HELD_BACK, lesson.folds, lesson.groups)


def _as_it_is(view: torch.Tensor) -> torch.Tensor:
    return view


def _watch(event: object) -> None:
    """Show how the recipe gets on, on standard error, so that the table stays clean."""
    if isinstance(event, Epoch):
        held_back = "" if event.val_accuracy is None else f", held back {event.val_accuracy:.3f}"
        print(f"  recipe: loss {event.train_loss:.3f}{held_back}", file=sys.stderr, flush=True)


def _every_nth(photos: Sequence[LabelledPhoto], limit: int | None) -> list[LabelledPhoto]:
    step = 1 if limit is None else max(1, len(photos) // limit)
    return list(photos[::step])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A head on cached features beside the plain recipe.")
    parser.add_argument("labelled", nargs="?", type=Path, default=SHARED / "photos" / "five-flowers")
    parser.add_argument(
        "--weights", type=Path, default=SHARED / "weights" / "resnet18-imagenet-quantised.pth"
    )
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "flowersorter-benchmarks")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--first", type=int, default=1, help="seed of the first split")
    parser.add_argument("--views", type=int, default=3, help="of the head that looks more than once")
    parser.add_argument("--photos", type=int, help="take about so many photos only")
    parser.add_argument("--bfloat16", action="store_true", help="make the random views in bfloat16")
    parser.add_argument("--literal", action="store_true", help="time all ten epochs word for word")
    parser.add_argument("--only-accuracy", action="store_true", help="leave the timing out")
    parser.add_argument("--device", default="auto")
    return parser


if __name__ == "__main__":
    main()
