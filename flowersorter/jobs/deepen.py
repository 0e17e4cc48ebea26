"""Learn more deeply: what teaching does where the network's last layers change as well."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.jobs.models import disk_errors_refused
from flowersorter.jobs.reading import Reading
from flowersorter.learning.dataset import Labelled
from flowersorter.paths import Home
from flowersorter.progress import Report

if TYPE_CHECKING:  # these load torch
    from flowersorter.learning.backbone import Backbone
    from flowersorter.learning.devices import ChosenDevice
    from flowersorter.learning.lesson import Learned, Lesson
    from flowersorter.pictures.pool import PicturePool

SAMPLE = 32  # photos that are tried to tell how long it will take


def deepen(
    home: Home,
    lesson: Lesson,
    layers: int,
    views: int,
    seed: int,
    backbone: Backbone,
    device: ChosenDevice,
    reading: Reading,
    report: Report,
) -> tuple[Lesson, Learned, Backbone]:
    """Change the last layers, see every photo again with them, and fit a head on what they make of it.

    Gives the lesson on the new backbone's features. Raises `Refused` (TOO_FEW_PHOTOS) and `Cancelled`.
    """
    from flowersorter.learning.features import read_features
    from flowersorter.learning.finetune import learn_deeply, learned_on, parts_of, with_features
    from flowersorter.learning.learner import Depth
    from flowersorter.learning.network import Network

    with disk_errors_refused():
        home.cache.mkdir(parents=True, exist_ok=True)
    depth = Depth(layers=layers)
    deepened = learn_deeply(lesson, backbone, device, reading.pool, home.cache, seed, report, depth)
    seen = read_features(
        lesson.paths,
        network=Network(deepened.backbone, device),
        store=reading.features,
        pool=reading.pool,
        known_digest=reading.library.known_digest,
        on_look=reading.keep,
        report=report,
        views=views,
    )
    again = with_features(lesson, list(seen))
    return again, learned_on(again, parts_of(again), deepened, report), deepened.backbone


def seconds_to_deepen(
    home: Home,
    labelled: Labelled,
    layers: int,
    views: int,
    backbone: Backbone,
    device: ChosenDevice,
    pool: PicturePool,
    report: Report,
) -> float:
    """About how long `deepen` takes on this machine at most, seconds, from trying some of the photos."""
    from flowersorter.learning.finetune_time import seconds_needed
    from flowersorter.learning.learner import Depth

    paths = _spread([photo.path for photo in labelled.photos])
    with disk_errors_refused():
        home.cache.mkdir(parents=True, exist_ok=True)
    count, species = len(labelled.photos), len(labelled.species)
    depth = Depth(layers=layers)
    return seconds_needed(paths, count, species, backbone, device, pool, home.cache, report, depth, views)


@contextmanager
def backbone_written(home: Home, backbone: Backbone) -> Iterator[Path]:
    """A file with the weights, for as long as the model file is written. Raises OSError."""
    from flowersorter.learning.backbone import save_backbone

    with tempfile.TemporaryDirectory(dir=home.cache) as folder:
        file = Path(folder) / "backbone.safetensors"
        save_backbone(backbone, file)
        yield file


def _spread(paths: Sequence[Path]) -> list[Path]:
    """Up to SAMPLE photos from everywhere in the list."""
    return list(paths[:: max(1, len(paths) // SAMPLE)])[:SAMPLE]
