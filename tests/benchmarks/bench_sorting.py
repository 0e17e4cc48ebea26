"""How fast are 12-megapixel photos sorted, beside the plain way and beside what the parts can do alone?

    python tests/benchmarks/bench_sorting.py [PHOTOS] [--weights FILE] [--count 240] [--rounds 3]

The photos under PHOTOS are enlarged to 4000x3000 with a little sensor noise and saved as JPEG with quality
90 into a temporary folder: 48 different ones; to reach `count`, their bytes are made distinct by a comment.
In each round, all in this order:

plain     one photo after the other: the whole JPEG decoded, turned, resized and cropped as torchvision does
          it, then a float32 ResNet-18 on it alone
decode    our child processes alone: digest, reduced decoding, thumbnail, fingerprints
network   our network alone, on crops that are there already
together  `read_features`: both at once, with an empty cache and children that have started
the job   `jobs.sort.classify` from nothing: weights opened, children started, thumbnails, library and guesses
again     the job once more over the unchanged folder

Medians over the rounds are printed. The engine is the program's own choice.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision.models import resnet18
from torchvision.transforms import v2

from flowersorter.jobs.sort import SortRequest, classify, look_into
from flowersorter.learning.agreement import open_network
from flowersorter.learning.backbone import Backbone, load_backbone
from flowersorter.learning.bundle import Model, ModelInfo, write_model
from flowersorter.learning.calibrate import Calibration
from flowersorter.learning.devices import choose_device
from flowersorter.learning.feature_store import FeatureStore
from flowersorter.learning.features import read_features
from flowersorter.learning.head import Head
from flowersorter.learning.network import Network
from flowersorter.learning.preprocess import CROP, MEAN, SHORT_SIDE, STD, centre_crop
from flowersorter.paths import Home, home_in
from flowersorter.pictures.decode import Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import silent
from flowersorter.settings import Settings

SHARED = Path(__file__).parents[3] / "shared"
DIFFERENT = 48
SIZE = (4000, 3000)
SPECIES = ("aster", "bluebell", "crocus")
WANTED = Wanted(short_side=SHORT_SIDE, thumbnail_side=320)


def main() -> None:
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = make_photos(options.photos, folder / "photos", options.count)
        size = statistics.mean(photo.stat().st_size for photo in photos) / 1e6
        backbone = load_backbone(options.weights)
        network = open_network(backbone, choose_device(options.device), folder / "engines.json")
        print(
            f"{len(photos)} photos of 12 megapixels, {size:.1f} MB each, made of {options.photos};"
            f" weights sha256 {backbone.sha256[:16]}, torch {torch.__version__}"
        )
        print(f"{os.cpu_count()} processors; {network.device}, {network.precision}; seed 0")
        rounds = [
            _round(folder / f"round {number}", photos, backbone, network, options)
            for number in range(options.rounds)
        ]
    speeds = {kind: statistics.median(one[kind] for one in rounds) for kind in rounds[0]}
    ideal = statistics.median(1 / (1 / one["decode"] + 1 / one["network"]) for one in rounds)
    share = statistics.median(one["together"] * (1 / one["decode"] + 1 / one["network"]) for one in rounds)
    times = statistics.median(one["the job"] / one["plain"] for one in rounds)
    print("\nphotos a second (median of the rounds; in brackets each round)")
    for kind, speed in speeds.items():
        print(f"  {kind:9} {speed:8.1f}   ({', '.join(f'{one[kind]:.1f}' for one in rounds)})")
    print(f"  1 / (1/decode + 1/network) = {ideal:.1f}")
    print(f"{_verdict(times >= 5)} the job is {times:.1f} times as fast as the plain way (at least 5)")
    print(f"{_verdict(share >= 0.9)} together reaches {100 * share:.0f} % of that bound (at least 90)")


def _round(
    folder: Path, photos: Sequence[Path], backbone: Backbone, network: Network, options: argparse.Namespace
) -> dict[str, float]:
    """Photos a second of each kind."""
    speeds = {"plain": _speed(lambda: _plainly(photos[: options.plain], options.weights), options.plain)}
    with PicturePool() as pool:
        list(pool.looks(photos[: 2 * pool.workers], WANTED))  # the children have started
        speeds["decode"] = _speed(lambda: _decode(pool, photos), len(photos))
        crops = _crops(pool, photos[:64])
        many = [crops[place % len(crops)] for place in range(len(photos))]
        speeds["network"] = _speed(
            lambda: [network(many[at : at + 32]) for at in range(0, len(many), 32)], len(many)
        )
        with FeatureStore(folder / "features.sqlite") as store:
            speeds["together"] = _speed(lambda: _together(pool, store, network, photos), len(photos))
    home = home_in(folder / "home")
    home.make()
    save_model(home, backbone)
    settings = Settings(weights_file=str(options.weights))
    for kind in ("the job", "again"):
        speeds[kind] = _speed(lambda: _job(home, settings, photos[0].parent, options.device), len(photos))
    return speeds


def make_photos(source: Path, folder: Path, count: int) -> list[Path]:
    """`count` JPEGs of 12 megapixels with distinct bytes."""
    folder.mkdir(parents=True)
    originals = sorted(
        path for path in source.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".webp")
    )
    chosen = originals[:: max(1, len(originals) // DIFFERENT)][: min(DIFFERENT, count)]
    random = np.random.default_rng(0)
    noise = random.normal(0, 3, (*SIZE[::-1], 1)).astype(np.int16)
    written = []
    for number in range(count):
        file = folder / f"photo {number:04}.jpg"
        if number < len(chosen):
            large = Image.open(chosen[number]).convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)
            pixels = np.asarray(large).astype(np.int16) + np.roll(noise, number, axis=1)
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, quality=90)
        else:  # bytes after the end of a JPEG are not looked at
            file.write_bytes(written[number % len(chosen)].read_bytes() + f"{number}".encode())
        written.append(file)
    return written


def _plainly(photos: Sequence[Path], weights: Path) -> None:
    net = resnet18()
    net.fc = torch.nn.Identity()
    net.load_state_dict(load_backbone(weights).net.state_dict())
    net.eval()
    prepare = v2.Compose(
        [
            v2.Resize(SHORT_SIDE),
            v2.CenterCrop(CROP),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )
    with torch.inference_mode():
        for photo in photos:
            with Image.open(photo) as image:
                net(prepare(ImageOps.exif_transpose(image).convert("RGB"))[None])


def _decode(pool: PicturePool, photos: Sequence[Path]) -> None:
    for look in pool.looks(photos, WANTED):
        if look.problem is not None:
            raise AssertionError(look.problem)


def _crops(pool: PicturePool, photos: Sequence[Path]) -> list[np.ndarray]:

    return [centre_crop(look.pixels) for look in pool.looks(photos, WANTED) if look.pixels is not None]


def _together(pool: PicturePool, store: FeatureStore, network: Network, photos: Sequence[Path]) -> None:
    seen = read_features(
        photos,
        network=network,
        store=store,
        pool=pool,
        known_digest=lambda _path: None,
        on_look=silent,
        report=silent,
        thumbnail_side=WANTED.thumbnail_side,
    )
    if any(one.features is None for one in seen):
        raise AssertionError("a photo was not read")


def _job(home: Home, settings: Settings, folder: Path, device: str) -> None:
    request = SortRequest(folder, model="bench", device=device)
    sorting = classify(home, settings, request, look_into(home, request))
    if any(one.guess is None for one in sorting.photos):
        raise AssertionError("a photo has no guess")


def save_model(home: Home, backbone: Backbone) -> None:
    """A model that knows nothing: what it answers takes as long."""
    path = home.models / "bench" / "0001"
    info = ModelInfo(
        "bench", 1, path, datetime.now(UTC).isoformat(), SPECIES, 3, "head", "file", backbone.sha256,
        backbone.feature_space, None, None, "0",
    )  # fmt: skip
    weight = np.random.default_rng(0).normal(size=(len(SPECIES), 512)).astype(np.float32)
    answers = Calibration(np.full(300, 0.6, np.float32), np.ones(300, np.bool_), np.arange(300))
    write_model(path, Model(info, Head(SPECIES, weight, np.zeros(3, np.float32), root=True), answers))


def _speed(work: Callable[[], object], photos: int) -> float:
    started = time.perf_counter()
    work()
    return photos / (time.perf_counter() - started)


def _verdict(passed: bool) -> str:
    return "PASS" if passed else "FAIL"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Sorting 12-megapixel photos.")
    parser.add_argument("photos", nargs="?", type=Path, default=SHARED / "photos" / "native")
    parser.add_argument(
        "--weights", type=Path, default=SHARED / "weights" / "resnet18-imagenet-quantised.pth"
    )
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--plain", type=int, default=24, help="photos that the plain way does")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="auto")
    return parser


if __name__ == "__main__":
    del __file__  # children would import this file, and torch with it: the program's own do not
    main()
