"""How many photos of what was never taught does a model of five flowers file, all of them wrongly?

    python tests/benchmarks/bench_strangers.py [--weights FILE] [--work DIR] [--max-wrong 2]

Taught are the five flowers (folds of seed 0, as the program does). Asked are photos of phones and cameras,
hardly a flower among them, and species of garden-102 that were not taught, without the twins of the five. The
measure of unlikeness was chosen on the five flowers, each left out in turn, and on some of the first 64
species of garden-102; reported are the other species, and phone/: neither was looked at. Without the stranger
test, the threshold is calibrated without it, too. No promise is made about strangers.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from views import see

from flowersorter.filetypes import PHOTO_SUFFIXES
from flowersorter.learning.backbone import load_backbone
from flowersorter.learning.calibrate import threshold
from flowersorter.learning.dataset import LabelledPhoto, read_labelled
from flowersorter.learning.devices import choose_device
from flowersorter.learning.lesson import calibration_of, learn_head, make_lesson
from flowersorter.learning.network import Network
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import silent

SHARED = Path(__file__).parents[3] / "shared"
TWINS = {"daisy", "oxeye daisy", "dandelion", "common dandelion", "rose", "sunflower", "tulip"}
LOOKED_AT = 64  # species, in the order of their names, that the choice of the measure may have seen


def main() -> None:
    options = _parser().parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    network = Network(load_backbone(options.weights), choose_device("auto"))
    taught = read_labelled(options.photos / "five-flowers")
    with PicturePool() as pool:
        photos = see(taught.photos, network, pool, options.work)
        asked = {
            name: see(found, network, pool, options.work)
            for name, found in _strangers(options.photos).items()
        }
    learned = learn_head(make_lesson(photos.labelled, photos.seen, taught.species), silent)
    if learned.strangers is None:
        raise SystemExit("there are too few photos to learn what a stranger is")
    plainly = [replace(answer, stranger=False) for answer in learned.answers]
    plain = threshold(calibration_of(plainly), options.max_wrong).value or np.inf
    tested = threshold(calibration_of(learned.answers), options.max_wrong).value or np.inf
    print(f"at most {options.max_wrong} wrong in 100, taught on {len(photos.seen)} photos of five flowers")
    away = np.mean([answer.stranger for answer in learned.answers])
    print(f"of the taught, out of fold, sent away: {away:.3f}")
    print(f"of a species left out, caught: {learned.strangers.caught:.3f} (mean of five)")
    print("wrongly filed of            photos   without the test   with it")
    worse = []
    for name, one in asked.items():
        features = np.stack([seen.features for seen in one.seen])
        sure = learned.head.predict(features).max(axis=1)
        filed = (sure >= tested) & ~learned.strangers.among(features)
        print(f"{name:24} {len(sure):9}   {(sure >= plain).mean():16.3f}   {filed.mean():7.3f}")
        worse += [name] if filed.sum() > (sure >= plain).sum() else []
    print("FAIL" if worse else "PASS", "with the test no more strangers are filed than without")


def _strangers(shared: Path) -> dict[str, list[LabelledPhoto]]:
    """The photos that are asked for, by what they are called in the table."""
    garden = read_labelled(shared / "garden-102")
    fresh = {name for name in garden.species[LOOKED_AT:] if name.lower() not in TWINS}
    phone = sorted(path for path in (shared / "phone").rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    return {
        "phones and cameras": [LabelledPhoto(path, "") for path in phone],
        f"{len(fresh)} garden species": [photo for photo in garden.photos if photo.species in fresh],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What a model files of what it was never taught.")
    parser.add_argument("--photos", type=Path, default=SHARED / "photos")
    parser.add_argument(
        "--weights", type=Path, default=SHARED / "weights" / "resnet18-imagenet-quantised.pth"
    )
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "flowersorter-benchmarks")
    parser.add_argument("--max-wrong", type=float, default=2.0)
    return parser


if __name__ == "__main__":
    main()
