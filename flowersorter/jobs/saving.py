"""Save what was learned as the next version of a model, and put it in force unless it is clearly worse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter import __version__
from flowersorter.jobs.deepen import backbone_written
from flowersorter.jobs.models import builtin_info, disk_errors_refused, next_version, slug
from flowersorter.jobs.successor import compare_with_earlier
from flowersorter.jobs.versions import NONE, hold_in_force, in_force, put_in_force
from flowersorter.jobs.weights import keep_backbone
from flowersorter.learning.bundle import Model, ModelInfo, Teaching, write_model
from flowersorter.learning.compare import Comparison
from flowersorter.learning.evaluate import Validation, kept_figures, validate
from flowersorter.learning.past_answers import past_answers
from flowersorter.paths import Home
from flowersorter.settings import Settings

if TYPE_CHECKING:  # these load torch
    from flowersorter.learning.backbone import Backbone
    from flowersorter.learning.lesson import Learned, Lesson


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from: what of a `ModelInfo` does not follow from the lesson."""

    name: str
    method: str
    base_id: str
    backbone_sha256: str
    feature_space: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved version; `comparison` is None where there was no earlier model to compare with."""

    info: ModelInfo
    validation: Validation
    comparison: Comparison | None

    @property
    def in_force(self) -> bool:
        return self.comparison is None or self.comparison.taken


def save_version(
    home: Home,
    settings: Settings,
    origin: Origin,
    lesson: Lesson,
    learned: Learned,
    backbone: Backbone | None = None,
) -> Saved:
    """Write the next version whole, then put it in force; what fails before leaves the earlier one.

    A new `backbone` is kept: inside the model where it was fine-tuned, else once for all models.
    Raises `Refused`: DISK_FULL and what else a disk has to say.
    """
    species = lesson.examples.species
    validation = validate(learned.reported, species)
    comparison = compare_with_earlier(home, settings, origin.name, learned.answers, learned.digests)
    with disk_errors_refused():
        hold_in_force(home.models / slug(origin.name))
        folder, version = next_version(home, origin.name)
        info = ModelInfo(
            name=origin.name,
            version=version,
            path=folder,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            species=species,
            photos=len(lesson.digests),
            method=origin.method,
            base_id=origin.base_id,
            backbone_sha256=origin.backbone_sha256,
            feature_space=origin.feature_space,
            accuracy=validation.accuracy,
            interval=validation.interval,
            app_version=__version__,
        )
        with _backbone_kept(home, origin.method, backbone) as own_backbone:
            write_model(
                folder,
                model_of(info, learned, validation),
                teaching_of(lesson, learned),
                own_backbone,
                answers=past_answers(learned.answers, learned.digests, species),
            )
        saved = Saved(info, validation, comparison)
        if saved.in_force:
            put_in_force(folder)
        elif _shipped(origin.name) and in_force(folder.parent) == folder:
            put_in_force(folder.with_name(NONE))  # else it would be, as the only one
    return saved


def _shipped(name: str) -> bool:
    """Whether it is the name of the model that came with the program."""
    builtin = builtin_info()
    return builtin is not None and slug(builtin.name) == slug(name)


@contextmanager
def _backbone_kept(home: Home, method: str, backbone: Backbone | None) -> Iterator[Path | None]:
    """The file of a backbone that nobody else has and so travels with the model, None for any other."""
    if backbone is None or method != "finetune":
        if backbone is not None:
            keep_backbone(home, backbone)
        yield None
        return
    with backbone_written(home, backbone) as file:
        yield file


def model_of(info: ModelInfo, learned: Learned, validation: Validation) -> Model:
    """What is saved of what was learned."""
    from flowersorter.learning.lesson import calibration_of

    calibration = calibration_of((*learned.answers, *learned.untested))
    return Model(info, learned.head, calibration, kept_figures(validation), learned.strangers)


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
