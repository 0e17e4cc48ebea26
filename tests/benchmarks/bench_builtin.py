"""How well does a final layer do on a backbone of ours, on species that it never saw, beside ImageNet's?

    python -m flowersorter.learning.pretrain ... --without NAME --without NAME ... --export FOLDER
    python tests/benchmarks/bench_builtin.py FOLDER/backbone.safetensors [--weights FILE] [--work DIR]

Taught and judged are the species of garden-102 that the run of FOLDER left out; its figures.json names them.
Grouped splits 1 to 10, the head of the program with its own settings: nothing is chosen here.
"""

from __future__ import annotations

import argparse
import json
import shlex
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from paired import difference
from views import see

from flowersorter.learning.backbone import load_backbone
from flowersorter.learning.dataset import read_labelled
from flowersorter.learning.devices import choose_device
from flowersorter.learning.lesson import learn_fold, make_lesson
from flowersorter.learning.network import Network
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import silent

SHARED = Path(__file__).parents[3] / "shared"
SPLITS = range(1, 11)


def main() -> None:
    options = _parser().parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    unseen = left_out(options.backbone.parent / "figures.json")
    garden = read_labelled(options.photos / "garden-102")
    photos = [photo for photo in garden.photos if photo.species in unseen]
    if not photos:
        raise SystemExit("the run left no species of garden-102 out")
    species = tuple(name for name in garden.species if name in unseen)
    print(f"{len(species)} species that the first backbone never saw, {len(photos)} photos, splits 1 to 10")
    shares = {}
    with PicturePool() as pool:
        for file in (options.backbone, options.weights):
            network = Network(load_backbone(file), choose_device("auto"))
            read = see(photos, network, pool, options.work)
            shares[file] = [accuracy(read, species, seed) for seed in SPLITS]
            print(f"{file.name:40} {np.mean(shares[file]):.4f}")
    print("the first less the second:", difference(shares[options.backbone], shares[options.weights]))


def left_out(figures: Path) -> set[str]:
    """The species that a run was told to leave out."""
    words = shlex.split(json.loads(figures.read_text("utf-8"))["command"])
    return {name for option, name in pairwise(words) if option == "--without"}


def accuracy(read, species: tuple[str, ...], seed: int) -> float:
    """Of the photos of fold 0, the part that a head named rightly which was taught on the others."""
    lesson = make_lesson(read.labelled, read.seen, species, seed)
    answers = learn_fold(lesson, 0, silent).answers.values()
    return float(np.mean([answer.correct for answer in answers]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A final layer on species that the backbone never saw.")
    parser.add_argument("backbone", type=Path, help="backbone.safetensors of an exported run")
    parser.add_argument(
        "--weights", type=Path, default=SHARED / "weights" / "resnet18-imagenet-quantised.pth"
    )
    parser.add_argument("--photos", type=Path, default=SHARED / "photos")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "flowersorter-benchmarks")
    return parser


if __name__ == "__main__":
    main()
