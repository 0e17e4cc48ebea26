"""How long learning more deeply will take, told from a few real photos before it starts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from flowersorter.learning.activations import CHUNK, FreshViews, FrozenLayers, affordable_views
from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import ChosenDevice
from flowersorter.learning.learner import Depth, Learner
from flowersorter.learning.network import Network
from flowersorter.learning.preprocess import CROP
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Code, Refused


def seconds_needed(
    paths: Sequence[Path],
    photos: int,
    species: int,
    backbone: Backbone,
    device: ChosenDevice,
    pool: PicturePool,
    folder: Path,
    report: Report,
    depth: Depth,
    views_read: int = 1,
) -> float:
    """About how long learning from so many photos takes here at most, seconds: a few real ones are tried.

    It counts what `learn_deeply` does, and reading `views_read` of all photos before it and after it by both
    backbones.
    Raises `Refused` (NO_PHOTOS) where none of `paths` can be read.
    """

    def tick(_: int) -> None:
        report(Progress(Stage.STARTING))

    with torch.random.fork_rng(devices=[]):
        fresh = FreshViews(paths, FrozenLayers(backbone.net, depth.layers, device), pool, tick)
        everywhere = np.arange(len(paths))
        list(fresh.batches(everywhere[:1], 0, depth.batch))  # children and kernels have started
        started = time.perf_counter()
        batches = [activations for _, activations in fresh.batches(everywhere, 0, depth.batch)]
        if not batches:
            raise Refused(Code.NO_PHOTOS, path=paths[0].parent)
        viewing = (time.perf_counter() - started) / len(paths)
        learner = Learner(backbone, nn.Linear(512, species), device, depth)
        stepping = []
        for activations in (batches[0], *batches):
            tick(0)
            started = time.perf_counter()
            learner.step(activations, torch.zeros(len(activations), dtype=torch.int64))
            stepping.append((time.perf_counter() - started) / len(activations))
        tick(0)
        network, crops = Network(backbone, device), [np.zeros((CROP, CROP, 3), np.uint8)] * CHUNK
        started = time.perf_counter()
        network(crops)
        reading = (time.perf_counter() - started) / len(crops)
    learning, watching = round(0.7 * photos), round(0.1 * photos)
    kept = affordable_views(depth.views, learning, watching, depth.layers, folder)
    views = learning * (kept or depth.epochs) + watching
    return 2 * photos * views_read * reading + views * viewing + depth.epochs * learning * min(stepping)
