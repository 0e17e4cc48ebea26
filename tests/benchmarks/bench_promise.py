"""Is "at most N wrong in 100" kept? Asked of photos that the model never saw, over many grouped splits.

    python tests/benchmarks/bench_promise.py [LABELLED] [--weights FILE] [--work DIR] [--splits 200]

Each split (its seed is its number) holds a grouped fifth back and teaches the rest as the program does:
answers out of fold calibrate, a last head is fitted on all of the rest. It files the held-back photos whose
guess is at least as sure as the threshold for N and that are not strangers; what comes into a folder that is
not its label is wrong.
"Rejected" are the splits whose count of wrong ones says that the risk is above N (exact binomial, 5 %); with
the promise's confidence 1 - delta, about delta + 0.05 of them may be. Beside it stands what people do
otherwise: file from 0.9 on. Labels are taken as they are, and some are wrong.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from views import Photos, see

from flowersorter.learning.backbone import load_backbone
from flowersorter.learning.binomial import at_most
from flowersorter.learning.calibrate import DELTA, threshold
from flowersorter.learning.dataset import read_labelled
from flowersorter.learning.devices import choose_device
from flowersorter.learning.lesson import calibration_of, learn_head, make_lesson
from flowersorter.learning.network import Network
from flowersorter.learning.split import fold_of
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import silent

SHARED = Path(__file__).parents[3] / "shared"
PROMISES = (1, 2, 5)  # at most so many wrong in 100
PLAIN, PLAIN_NAME = 0.9, "0.9"
HELD_BACK = 0
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Filed:
    """Of the held-back photos of one split: asked, filed, and filed wrongly."""

    asked: int
    filed: int
    wrong: int

    def rejects(self, promise: int) -> bool:
        """Whether so many wrong ones are too many to be chance, at a risk of `promise` percent."""
        risk = promise / 100
        return self.wrong > 0 and 1 - at_most(self.wrong - 1, self.filed, risk) <= SIGNIFICANT


def main() -> None:
    options = _parser().parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    labelled = read_labelled(options.labelled)
    network = Network(load_backbone(options.weights), choose_device("auto"))
    with PicturePool() as pool:
        photos = see(labelled.photos, network, pool, options.work)
    print(f"{len(photos.seen)} photos of {len(labelled.species)} species in {options.labelled}")
    whole = make_lesson(photos.labelled, photos.seen, labelled.species)
    filed: dict[str, list[Filed]] = {}
    for seed in range(1, options.splits + 1):
        held_back = np.array([fold_of(group, seed) == HELD_BACK for group in whole.groups])
        for name, one in _try(photos, labelled.species, held_back).items():
            filed.setdefault(name, []).append(one)
        if seed in (10, 25, 50, 100) and seed < options.splits:
            _print(filed)
    _print(filed)


def _try(photos: Photos, species: tuple[str, ...], held_back: np.ndarray) -> dict[str, Filed]:
    taught = np.flatnonzero(~held_back)
    lesson = make_lesson([photos.labelled[n] for n in taught], [photos.seen[n] for n in taught], species)
    learned = learn_head(lesson, silent)
    calibration = calibration_of(learned.answers)
    places = {name: place for place, name in enumerate(species)}
    asked = np.flatnonzero(held_back)
    labels = np.array([places[photos.labelled[n].species] for n in asked])
    features = np.stack([photos.seen[n].features for n in asked])
    confidences = learned.head.predict(features)
    known = np.ones(len(asked), bool) if learned.strangers is None else ~learned.strangers.among(features)
    right = confidences.argmax(axis=1) == labels
    thresholds = {f"{promise}": threshold(calibration, promise).value for promise in PROMISES}
    filed = {}
    for name, value in {**thresholds, PLAIN_NAME: PLAIN}.items():
        sure = np.zeros(len(asked), bool) if value is None else confidences.max(axis=1) >= value
        if name != PLAIN_NAME:
            sure &= known
        filed[name] = Filed(len(asked), int(sure.sum()), int((sure & ~right).sum()))
    return filed


def _print(filed: dict[str, list[Filed]]) -> None:
    splits = len(next(iter(filed.values())))
    print(f"\n{splits} splits; confidence of the promise {1 - DELTA:.2f}")
    print("filed from        wrong per filed   splits rejected (allowed)   filed")
    for promise in PROMISES:
        _line(f"at most {promise} in 100", filed[str(promise)], promise)
    for promise in PROMISES:
        _line(f"0.9, beside {promise:4}", filed[PLAIN_NAME], promise)
    kept = all(
        _mean_wrong(filed[str(promise)]) <= promise / 100
        and _rejected(filed[str(promise)], promise) <= DELTA + SIGNIFICANT
        for promise in PROMISES
    )
    print("PASS" if kept else "FAIL", "the promise is kept", flush=True)


def _line(name: str, tries: Sequence[Filed], promise: int) -> None:
    print(
        f"{name:16}  {100 * _mean_wrong(tries):12.2f} %   {_rejected(tries, promise):15.3f} "
        f"({DELTA + SIGNIFICANT:.2f})   {statistics.mean(one.filed / one.asked for one in tries):10.3f}"
    )


def _mean_wrong(tries: Sequence[Filed]) -> float:
    """The mean over the splits of wrong per filed; a split that files nothing has none wrong."""
    return statistics.mean(one.wrong / max(one.filed, 1) for one in tries)


def _rejected(tries: Sequence[Filed], promise: int) -> float:
    return statistics.mean(one.rejects(promise) for one in tries)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description='Whether "at most N wrong in 100" is kept.')
    parser.add_argument("labelled", nargs="?", type=Path, default=SHARED / "photos" / "five-flowers")
    parser.add_argument(
        "--weights", type=Path, default=SHARED / "weights" / "resnet18-imagenet-quantised.pth"
    )
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "flowersorter-benchmarks")
    parser.add_argument("--splits", type=int, default=200)
    return parser


if __name__ == "__main__":
    main()
