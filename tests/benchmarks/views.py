"""Features of labelled photos for the benchmarks: computed once, kept in a folder, found again.

The recipe's frozen layers are in evaluation mode, so what they make of a view depends on nothing but the
view: not on the split, the epoch's order or the other photos of its batch. A random view of each photo for
each epoch can therefore be computed once and serve every split.
"""

from __future__ import annotations

import copy
import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flowersorter.learning.augment import random_view
from flowersorter.learning.backbone import Backbone
from flowersorter.learning.dataset import LabelledPhoto
from flowersorter.learning.feature_store import FeatureStore
from flowersorter.learning.features import FeatureNetwork, Seen, read_features
from flowersorter.learning.network import fuse_batch_norms
from flowersorter.learning.preprocess import SHORT_SIDE, normalise
from flowersorter.pictures.decode import Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import silent

BATCH = 32
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Photos:
    """Readable labelled photos and what was seen of them, in the same order."""

    labelled: tuple[LabelledPhoto, ...]
    seen: tuple[Seen, ...]


def see(
    photos: Sequence[LabelledPhoto], network: FeatureNetwork, pool: PicturePool, work: Path, views: int = 1
) -> Photos:
    """The program's own features of each photo; those that `work` holds are not computed again."""
    with FeatureStore(work / "features.sqlite") as store:
        seen = read_features(
            [photo.path for photo in photos],
            network=network,
            store=store,
            pool=pool,
            known_digest=_digest,
            on_look=silent,
            report=silent,
            views=views,
        )
        both = [(photo, one) for photo, one in zip(photos, seen, strict=True) if one.problem is None]
    return Photos(tuple(photo for photo, _ in both), tuple(one for _, one in both))


def random_features(
    photos: Photos,
    backbone: Backbone,
    pool: PicturePool,
    work: Path,
    *,
    epochs: int,
    seed: int,
    precision: torch.dtype = torch.float32,
) -> NDArray[np.float32]:
    """Features float32[epochs, N, 512] of random views; epoch e is dealt by seed · 1000 + e.

    Each epoch is a file of its own in `work`: what was computed before an interruption is kept.
    """
    names = hashlib.sha256("".join(one.digest or "" for one in photos.seen).encode()).hexdigest()[:16]
    kind = str(precision).removeprefix("torch.")
    start = f"views-{backbone.sha256[:16]}-{names}-{kind}-{seed}"
    files = [work / f"{start}-{epoch}.npy" for epoch in range(epochs)]
    if not all(file.exists() for file in files):
        pixels = decode([photo.path for photo in photos.labelled], pool)
        net = frozen_layers(backbone, precision)
        for epoch, file in enumerate(files):
            if not file.exists():
                started = time.perf_counter()
                torch.manual_seed(1000 * seed + epoch)
                _write(file, features_of(pixels, random_view, net))
                seconds = time.perf_counter() - started
                print(f"  random views {epoch + 1} of {epochs}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return np.stack([np.load(file) for file in files])


def decode(paths: Sequence[Path], pool: PicturePool) -> list[Pixels]:
    """The pixels uint8[H, W, 3] of each photo, as the recipe decodes them."""
    looks = pool.looks(paths, Wanted(short_side=SHORT_SIDE))
    return [look.pixels for look in looks if look.pixels is not None]


def frozen_layers(backbone: Backbone, precision: torch.dtype = torch.float32) -> nn.Module:
    """The backbone with its batch norms folded in, which changes nothing that it computes."""
    return fuse_batch_norms(copy.deepcopy(backbone.net)).to(precision, memory_format=torch.channels_last)


def features_of(
    pixels: Sequence[Pixels], view: Callable[[Tensor], Tensor], net: nn.Module
) -> NDArray[np.float32]:
    """Features float32[N, 512] of one view of each photo."""
    rows = []
    precision = next(net.parameters()).dtype
    for start in range(0, len(pixels), BATCH):
        views = [view(torch.from_numpy(one).permute(2, 0, 1)) for one in pixels[start : start + BATCH]]
        batch = torch.stack(views).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            rows.append(net(normalise(batch).to(precision)).float().numpy())
    return np.concatenate(rows)


def _write(file: Path, features: NDArray[np.float32]) -> None:
    """Whole or not at all."""
    beside = file.with_suffix(".part.npy")
    np.save(beside, features)
    beside.rename(file)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
