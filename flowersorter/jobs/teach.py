"""Teach a model from a folder with one subfolder per species."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter import __version__
from flowersorter.jobs.models import check_name, disk_errors_refused, next_version
from flowersorter.jobs.reading import Reading
from flowersorter.jobs.thumbnails import THUMBNAIL_SIDE
from flowersorter.jobs.weights import keep_backbone, resolve_base
from flowersorter.learning.bundle import Model, ModelInfo, Teaching, write_model
from flowersorter.learning.dataset import Labelled, LabelledPhoto, read_labelled
from flowersorter.learning.evaluate import Answer, Epoch, Validation, validate
from flowersorter.paths import Home
from flowersorter.progress import Progress, Report, Stage, silent
from flowersorter.records import Code, Left, Refused
from flowersorter.settings import Settings

if TYPE_CHECKING:  # these load torch
    from flowersorter.learning.backbone import Backbone
    from flowersorter.learning.devices import ChosenDevice
    from flowersorter.learning.features import Seen
    from flowersorter.learning.lesson import Learned, Lesson

METHODS = ("head", "recipe")


@dataclass(frozen=True, slots=True)
class TeachRequest:
    """What to teach and how; `name` None means the folder's name.

    `base` is "auto", "builtin", "imagenet" or a weights file; `method` "head" (on cached features, seconds)
    or "recipe" (the articles' loop word for word, minutes); `seed` deals the recipe's random numbers.
    """

    folder: Path
    name: str | None = None
    base: str = "auto"
    method: str = "head"
    device: str = "auto"
    seed: int = 42


@dataclass(frozen=True, slots=True)
class TeachingStarted:
    """Streamed once, when the base and the device are known; `device` with its maker's name or threads."""

    base: str
    device: str
    photos: int
    species: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taught:
    """A model that was saved. `answers` are those that the validation counts."""

    info: ModelInfo
    epochs: tuple[Epoch, ...]
    validation: Validation
    answers: tuple[Answer, ...]
    skipped: tuple[Left, ...]
    device: str
    seconds: float
    strangers_caught: float | None = None  # of the photos of a species that was left out; None: no such test


def inspect(folder: Path, report: Report = silent) -> Labelled:
    """What would be taught from a folder, and what not. Raises `Refused` as `read_labelled` does."""
    return read_labelled(folder, report)


def teach(home: Home, settings: Settings, request: TeachRequest, report: Report = silent) -> Taught:
    """Teach a model and save it as the next version of its name; earlier versions are kept.

    Streams a `TeachingStarted`, a `Left` for each photo that proves unreadable, and the epochs through
    `report`. Cancelled or failed, it leaves everything as it was. Raises `Refused`: as `read_labelled`,
    NO_WEIGHTS, WEIGHTS_*, DEVICE_UNUSABLE, BAD_NAME, BAD_ARGUMENT, DISK_FULL; and `Cancelled`.
    """
    started = time.monotonic()
    if request.method not in METHODS:
        raise Refused(Code.BAD_ARGUMENT, detail=f"The method “{request.method}” is not there yet.")
    name = check_name(request.name or _shown(request.folder.name))
    labelled = read_labelled(request.folder, report)
    base = resolve_base(home, settings, request.base)
    report(Progress(Stage.STARTING))
    from flowersorter.learning.backbone import load_backbone
    from flowersorter.learning.devices import choose_device

    device = choose_device(request.device)
    backbone = load_backbone(base.path)
    report(TeachingStarted(base.id, str(device), len(labelled.photos), labelled.species))
    with Reading(home) as reading:
        lesson, unreadable = _read_lesson(labelled, backbone, device, reading, report)
        learned = _learn(lesson, request, backbone, device, reading, report)
    report(Progress(Stage.SAVING))
    validation = validate(learned.reported, lesson.examples.species)
    with disk_errors_refused():
        keep_backbone(home, backbone)
        folder, version = next_version(home, name)
        info = ModelInfo(
            name=name,
            version=version,
            path=folder,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            species=lesson.examples.species,
            photos=len(lesson.paths),
            method=request.method,
            base_id=base.id,
            backbone_sha256=backbone.sha256,
            feature_space=backbone.feature_space,
            accuracy=validation.accuracy,
            interval=validation.interval,
            app_version=__version__,
        )
        write_model(folder, model_of(info, learned, validation), teaching_of(lesson, learned))
    return Taught(
        info=info,
        epochs=learned.epochs,
        validation=validation,
        answers=learned.reported,
        skipped=(*labelled.problems, *unreadable),
        device=device.name,
        seconds=time.monotonic() - started,
        strangers_caught=None if learned.strangers is None else learned.strangers.caught,
    )


def _read_lesson(
    labelled: Labelled, backbone: Backbone, device: ChosenDevice, reading: Reading, report: Report
) -> tuple[Lesson, tuple[Left, ...]]:
    """See every photo once; those that cannot be read are listed, also to `report`."""
    from flowersorter.learning.features import read_features
    from flowersorter.learning.lesson import make_lesson
    from flowersorter.learning.network import Network

    seen = read_features(
        [photo.path for photo in labelled.photos],
        network=Network(backbone, device),
        store=reading.features,
        pool=reading.pool,
        known_digest=reading.library.known_digest,
        on_look=reading.keep,
        report=report,
        thumbnail_side=THUMBNAIL_SIDE,
    )
    readable: list[tuple[LabelledPhoto, Seen]] = []
    unreadable: list[Left] = []
    for photo, one in zip(labelled.photos, seen, strict=True):
        if one.problem is None:
            readable.append((photo, one))
        else:
            unreadable.append(Left(photo.path, one.problem))
            report(unreadable[-1])
    remaining = Labelled(labelled.folder, tuple(photo for photo, _ in readable))
    if not remaining.photos:
        raise Refused(Code.NO_PHOTOS, path=labelled.folder)
    if len(remaining.species) < 2:
        raise Refused(Code.ONE_SPECIES, path=labelled.folder)
    lesson = make_lesson(remaining.photos, [one for _, one in readable], remaining.species)
    return lesson, tuple(unreadable)


def _learn(
    lesson: Lesson,
    request: TeachRequest,
    backbone: Backbone,
    device: ChosenDevice,
    reading: Reading,
    report: Report,
) -> Learned:
    if request.method == "head":
        from flowersorter.learning.lesson import learn_head

        return learn_head(lesson, report)
    from flowersorter.learning.recipe import learn_by_recipe

    return learn_by_recipe(lesson, backbone, device, reading.pool, request.seed, report)


def model_of(info: ModelInfo, learned: Learned, validation: Validation) -> Model:
    """What is saved of what was learned."""
    from flowersorter.learning.lesson import calibration_of

    return Model(info, learned.head, calibration_of(learned.answers), asdict(validation), learned.strangers)


def teaching_of(lesson: Lesson, learned: Learned) -> Teaching:
    """What the model file keeps of a lesson, so that it can be taught again."""
    return Teaching(
        lesson.examples.features.astype(np.float16),
        lesson.examples.labels.astype(np.int32),
        lesson.folds.astype(np.int8),
        lesson.digests,
        lesson.groups,
        lesson.given,
        lesson.corrected,
        learned.start,
    )


def _shown(name: str) -> str:
    """A folder's name as a model's; bytes that are not UTF-8 become replacement characters."""
    return os.fsencode(name).decode("utf-8", "replace")
