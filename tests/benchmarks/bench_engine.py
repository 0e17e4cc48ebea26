"""Does the fast engine answer as the reference does, and how fast are both?

    python tests/benchmarks/bench_engine.py [LABELLED] [--weights FILE] [--photos 3000] [--splits 5]

Every photo goes through the reference (float32 on the processor) and through the engine that the program
would choose here. Compared are the features (cosine), the answers of one and the same head to both (it was
taught on the reference's features of the other four fifths, grouped folds), and the accuracy of heads that
were taught on each engine's own features. No setting is chosen on these photos.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from flowersorter.learning.agreement import compare, open_network
from flowersorter.learning.backbone import load_backbone
from flowersorter.learning.dataset import read_labelled
from flowersorter.learning.devices import choose_device, precisions
from flowersorter.learning.fitting import Examples, fit_head
from flowersorter.learning.network import Network
from flowersorter.learning.preprocess import SHORT_SIDE, centre_crop
from flowersorter.learning.split import fold_of
from flowersorter.pictures.decode import Wanted
from flowersorter.pictures.pool import PicturePool

SHARED = Path(__file__).parents[3] / "shared"
STRENGTH = 0.008  # of every head here: the comparison needs one, not the best one
BATCH = 32


def main() -> None:
    options = _parser().parse_args()
    backbone = load_backbone(options.weights)
    device = choose_device(options.device)
    reference = Network(backbone, choose_device("cpu"))
    with tempfile.TemporaryDirectory() as folder:
        engine = open_network(backbone, device, Path(folder) / "engines.json")
    print(
        f"weights sha256 {backbone.sha256[:16]}, torch {torch.__version__}; this machine: {precisions('cpu')}"
    )
    print(f"reference: cpu, float32; engine: {engine.device}, {engine.precision} {engine.device.reason}")
    verdict = compare(reference, engine)
    print(f"agreement on drawn crops: least likeness {verdict.likeness:.5f}, agrees: {verdict.agrees}")
    labelled = read_labelled(options.labelled)
    photos = labelled.photos[:: max(1, len(labelled.photos) // options.photos)]
    features = {"reference": [], "engine": []}
    seconds = {"reference": 0.0, "engine": 0.0}
    labels, groups = [], []
    with PicturePool() as pool:
        crops: list[NDArray[np.uint8]] = []
        for photo, look in zip(
            photos, pool.looks([one.path for one in photos], Wanted(SHORT_SIDE)), strict=True
        ):
            if look.pixels is None:
                continue
            crops.append(centre_crop(look.pixels))
            labels.append(labelled.species.index(photo.species))
            groups.append(look.pixel_digest)
    for at in range(0, len(crops), BATCH):
        for name, network in (("reference", reference), ("engine", engine)):
            started = time.perf_counter()
            features[name].append(network(crops[at : at + BATCH]))
            seconds[name] += time.perf_counter() - started
    wanted, found = (np.concatenate(features[name]) for name in ("reference", "engine"))
    print(f"{len(crops)} photos of {options.labelled.name}:")
    for name, took in seconds.items():
        print(f"  {name:9} {len(crops) / took:6.1f} photos a second")
    print(f"  the engine is {seconds['reference'] / seconds['engine']:.2f} times as fast")
    likeness = (wanted * found).sum(1) / np.linalg.norm(wanted, axis=1) / np.linalg.norm(found, axis=1)
    print(f"  cosine of the features: least {likeness.min():.5f}, mean {likeness.mean():.6f}")
    _print_decisions(wanted, found, np.array(labels), groups, labelled.species, options.splits)


def _print_decisions(
    wanted: NDArray[np.float32],
    found: NDArray[np.float32],
    labels: NDArray[np.int64],
    groups: Sequence[str],
    species: tuple[str, ...],
    splits: int,
) -> None:
    same = asked = right = right_by_engine = 0
    for seed in range(1, splits + 1):
        held_back = np.array([fold_of(group, seed) == 0 for group in groups])
        heads = [
            fit_head(Examples(vectors[~held_back], labels[~held_back], species), STRENGTH)[0]
            for vectors in (wanted, found)
        ]
        answer = heads[0].predict(wanted[held_back]).argmax(1)
        same += int((answer == heads[0].predict(found[held_back]).argmax(1)).sum())
        right += int((answer == labels[held_back]).sum())
        right_by_engine += int((heads[1].predict(found[held_back]).argmax(1) == labels[held_back]).sum())
        asked += int(held_back.sum())
    print(f"{splits} grouped splits (seeds 1 to {splits}), {asked} photos held back in all:")
    print(f"  one head, both engines: the same species for {same} of {asked} ({100 * same / asked:.2f} %)")
    print(
        f"  accuracy, taught and asked by the reference {right / asked:.4f},"
        f" by the engine {right_by_engine / asked:.4f}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The fast engine beside the reference.")
    parser.add_argument("labelled", nargs="?", type=Path, default=SHARED / "photos" / "five-flowers")
    parser.add_argument(
        "--weights", type=Path, default=SHARED / "weights" / "resnet18-imagenet-quantised.pth"
    )
    parser.add_argument("--photos", type=int, default=3000)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--device", default="auto")
    return parser


if __name__ == "__main__":
    del __file__  # children would import this file, and torch with it: the program's own do not
    main()
