"""Teach a model from a folder with one subfolder per species."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.jobs.bases import better_base
from flowersorter.jobs.beside import beside, open_known, reported_of
from flowersorter.jobs.deepen import deepen, seconds_to_deepen
from flowersorter.jobs.lessons import read_garden, read_lesson
from flowersorter.jobs.models import check_name, learned_by_layers
from flowersorter.jobs.reading import Reading
from flowersorter.jobs.saving import Origin, save_version
from flowersorter.jobs.weights import Base, open_backbone, resolve_base, resolve_bases
from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.compare import Comparison
from flowersorter.learning.dataset import Labelled
from flowersorter.learning.evaluate import Answer, Epoch, Validation
from flowersorter.learning.views import VIEWS, space_of, views_in
from flowersorter.paths import Home
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Progress, Report, Stage, silent
from flowersorter.records import Code, Left, Refused
from flowersorter.settings import Settings

if TYPE_CHECKING:  # these load torch
    from flowersorter.learning.backbone import Backbone
    from flowersorter.learning.devices import ChosenDevice
    from flowersorter.learning.lesson import Learned, Lesson

METHODS = ("head", "recipe", "finetune")


@dataclass(frozen=True, slots=True)
class TeachRequest:
    """What to teach and how; `name` None means the folder's name.

    `base` is "auto" (the better one of those that there are), "builtin", "imagenet" or a weights file;
    `method` "head" (on cached features, seconds), "recipe" (the articles' loop word for word, minutes) or
    "finetune" (the last `layers` stages of the network learn as well, 1 or 2); `seed` deals the random
    numbers of the last two. With 2 or 3 `views` (`learning.views`) the model looks as often at each photo,
    in teaching and in sorting; "recipe" has one. `beside` names a model whose species are kept beside the
    new ones, on its base, with its views and by "head"; None keeps none.
    """

    folder: Path
    name: str | None = None
    base: str = "auto"
    method: str = "head"
    device: str = "auto"
    seed: int = 42
    layers: int = 1
    views: int = 1
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class TeachingStarted:
    """Streamed once, when the base and the device are known; `device` with its maker's name or threads."""

    base: str
    device: str
    photos: int
    species: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TeachingEstimate:
    """Streamed once before the network's last layers learn: about how long that takes here at most."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Taught:
    """A model that was saved. `answers` are those that the validation counts, `own` the folder's species.

    `comparison` is with the model that was in force before, None where there is nothing to compare;
    where it says that the new one is not taken, the earlier one is still in force.
    """

    info: ModelInfo
    epochs: tuple[Epoch, ...]
    validation: Validation
    answers: tuple[Answer, ...]
    skipped: tuple[Left, ...]
    device: str
    seconds: float
    seed: int = 42
    own: tuple[str, ...] = ()
    views: int = 1
    comparison: Comparison | None = None
    strangers_caught: float | None = None  # of the photos of a species that was left out; None: no such test
    untested: int = 0  # of the folder's photos, those of species that have no others to learn from

    @property
    def in_force(self) -> bool:
        return self.comparison is None or self.comparison.taken


def inspect(folder: Path, report: Report = silent) -> Labelled:
    """What would be taught from a folder, and what not. Raises `Refused` as `read_garden` does."""
    return read_garden(folder, report)


def teach(home: Home, settings: Settings, request: TeachRequest, report: Report = silent) -> Taught:
    """Teach a model and save it as the next version of its name; earlier versions are kept.

    It is put in force unless it is clearly worse than the model in force before.

    Streams a `BasesTried` where there are several bases, a `TeachingStarted`, a `Left` for each photo
    that proves unreadable, a `TeachingEstimate` where the network's last layers learn, and the epochs
    through `report`. Cancelled or failed, it leaves everything as it was. Raises `Refused`: as
    `read_garden`, NO_WEIGHTS, WEIGHTS_*, DEVICE_UNUSABLE, BAD_NAME, BAD_ARGUMENT, DISK_FULL,
    TOO_FEW_PHOTOS; and `Cancelled`.
    """
    started = time.monotonic()
    _check(request)
    name = check_name(request.name or _shown(request.folder.name))
    labelled = read_garden(request.folder, report)
    known = None if request.beside is None else open_known(home, settings, request.beside, labelled.species)
    bases = resolve_bases(home, settings, request.base)
    report(Progress(Stage.STARTING))
    from flowersorter.learning.backbone import load_backbone
    from flowersorter.learning.devices import choose_device

    device = choose_device(request.device)
    with Reading(home, settings) as reading:
        if known is None:
            base = _choose(labelled, bases, device, reading, report)
            base_id, backbone, views = base.id, load_backbone(base.path), request.views
        else:
            base_id, backbone = known.info.base_id, open_backbone(home, settings, known.info)
            views, _ = views_in(known.info.feature_space)
        report(TeachingStarted(base_id, str(device), len(labelled.photos), labelled.species))
        lesson, unreadable = read_lesson(labelled, backbone, device, reading, report, views)
        lesson = _counting_true_answers(lesson, backbone)
        if request.method == "finetune":
            deeper = request.layers
            needed = seconds_to_deepen(home, labelled, deeper, views, backbone, device, reading.pool, report)
            report(TeachingEstimate(needed))
            lesson, learned, backbone = deepen(
                home, lesson, deeper, views, request.seed, backbone, device, reading, report
            )
        elif known is not None:
            own, lesson = lesson, beside(lesson, known, reading.features)
            learned = reported_of(own, _learn(lesson, request, backbone, device, reading, report))
        else:
            learned = _learn(lesson, request, backbone, device, reading, report)
    report(Progress(Stage.SAVING))
    paths = {photo.path for photo in labelled.photos}  # others are of the known model
    space = space_of(views, backbone.feature_space)
    origin = Origin(name, request.method, base_id, backbone.sha256, space)
    saved = save_version(home, settings, origin, lesson, learned, backbone)
    return Taught(
        info=saved.info,
        epochs=learned.epochs,
        validation=saved.validation,
        answers=learned.reported,
        skipped=(*labelled.problems, *unreadable),
        device=device.name,
        seconds=time.monotonic() - started,
        seed=request.seed,
        own=labelled.species,
        views=views,
        comparison=saved.comparison,
        strangers_caught=None if learned.strangers is None else learned.strangers.caught,
        untested=sum(answer.path in paths for answer in learned.untested),
    )


def estimate(home: Home, settings: Settings, request: TeachRequest, report: Report = silent) -> float:
    """About how long "finetune" takes on this machine at most, seconds; tries some of the photos first.

    Raises `Refused` as `teach` does, and `Cancelled`.
    """
    _check(request)
    labelled = read_garden(request.folder, report)
    base = resolve_base(home, settings, request.base)
    report(Progress(Stage.STARTING))
    from flowersorter.learning.backbone import load_backbone
    from flowersorter.learning.devices import choose_device

    device = choose_device(request.device)
    backbone = load_backbone(base.path)
    with PicturePool() as pool:
        return seconds_to_deepen(
            home, labelled, request.layers, request.views, backbone, device, pool, report
        )


def _check(request: TeachRequest) -> None:
    if request.method not in METHODS:
        raise Refused(Code.BAD_ARGUMENT, detail=f"There is no method “{request.method}”.")
    if request.layers not in (1, 2):
        raise Refused(Code.BAD_ARGUMENT, detail="Either 1 or 2 layers can learn as well.")
    if not 1 <= request.views <= len(VIEWS):
        raise Refused(Code.BAD_ARGUMENT, detail=f"It can look at a photo 1 to {len(VIEWS)} times.")
    if request.views > 1 and request.method == "recipe":
        raise Refused(Code.BAD_ARGUMENT, detail="The plain recipe looks at the middle of a photo only.")
    if request.beside is not None and request.method != "head":
        raise Refused(Code.BAD_ARGUMENT, detail="Only the method “head” keeps the species of a model.")


def _counting_true_answers(lesson: Lesson, backbone: Backbone) -> Lesson:
    """Photos that the layers themselves have learned teach the head, but are in no figure."""
    learned = learned_by_layers(backbone.sha256)
    places = {place for place, digest in enumerate(lesson.digests) if digest in learned}
    return replace(lesson, corrected=lesson.corrected | places)


def _choose(
    labelled: Labelled, bases: Sequence[Base], device: ChosenDevice, reading: Reading, report: Report
) -> Base:
    if len(bases) == 1:
        return bases[0]
    tried = better_base(labelled, bases, device, reading, report)
    report(tried)
    return tried.taken


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


def _shown(name: str) -> str:
    """A folder's name as a model's; bytes that are not UTF-8 become replacement characters."""
    return os.fsencode(name).decode("utf-8", "replace")
