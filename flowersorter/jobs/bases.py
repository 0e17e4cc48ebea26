"""Which of several bases is the better one for the gardener's own photos."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowersorter.jobs.lessons import read_lesson
from flowersorter.jobs.models import learned_by_layers
from flowersorter.jobs.reading import Reading
from flowersorter.jobs.weights import Base
from flowersorter.learning.dataset import Labelled, LabelledPhoto
from flowersorter.learning.evaluate import Answer
from flowersorter.progress import Progress, Report

if TYPE_CHECKING:  # loads torch
    from flowersorter.learning.devices import ChosenDevice

SAMPLE: Final = 1000  # photos that are tried with each base; all of them where there are fewer
OF_EACH: Final = 5  # and at least so many of each species
LEAST: Final = 1e-6  # confidence; one answer that is sure and wrong must not decide alone


@dataclass(frozen=True, slots=True)
class Tried:
    """A base, and the part of the sample that a final layer on it named correctly out of fold."""

    base: Base
    accuracy: float | None  # None where none of its answers counts


@dataclass(frozen=True, slots=True)
class BasesTried:
    """Streamed where teaching chose between bases: the one taken, and how each did."""

    taken: Base
    tried: tuple[Tried, ...]


def better_base(
    labelled: Labelled, bases: Sequence[Base], device: ChosenDevice, reading: Reading, report: Report
) -> BasesTried:
    """Teach a final layer on each base, on a sample, and take the base whose answers surprise least.

    The figures must stay nearly true: a base is only taken where it is the better one whichever fold is left
    out; else the first of `bases` is. (Between two that are equally good this flatters by 1.6 points for 60
    photos, 0.9 for 200 and 0.35 for 1,000; choosing by all answers, by 2.2, 1.2 and 0.46.) Photos that the
    built-in layers have learned have no say. Raises `Refused` as `read_lesson` and `load_backbone` do, and
    `Cancelled`.
    """
    from flowersorter.learning.backbone import load_backbone
    from flowersorter.learning.lesson import learn_head

    some = _sample(labelled)

    def quietly(event: object) -> None:  # unreadable photos and curves are those of the teaching itself
        if isinstance(event, Progress):
            report(event)

    answers: list[list[Answer]] = []
    unfair = learned_by_layers()
    folds: dict[Path, int] = {}
    for base in bases:
        lesson, _ = read_lesson(some, load_backbone(base.path), device, reading, quietly)
        folds |= zip(lesson.paths, lesson.folds.tolist(), strict=True)
        digests = dict(zip(lesson.paths, lesson.digests, strict=True))
        learned = learn_head(lesson, quietly)
        answers.append([one for one in learned.answers if digests[one.path] not in unfair])
    tried = (
        Tried(base, sum(one.correct for one in each) / len(each) if each else None)
        for base, each in zip(bases, answers, strict=True)
    )
    return BasesTried(bases[winner(answers, folds)], tuple(tried))


def winner(answers: Sequence[Sequence[Answer]], folds: Mapping[Path, int]) -> int:
    """The place of the answers that surprise least whichever fold is left out; 0 where folds disagree."""
    places = set()
    for fold in set(folds.values()):
        others = [[one for one in each if folds[one.path] != fold] for each in answers]
        places.add(min(range(len(answers)), key=lambda place: surprise(others[place])))
    return places.pop() if len(places) == 1 else 0


def surprise(answers: Sequence[Answer]) -> float:
    """The mean log-loss in the labels, nats; no answer at all is the worst."""
    if not answers:
        return math.inf
    return -sum(math.log(max(one.label_confidence, LEAST)) for one in answers) / len(answers)


def _sample(labelled: Labelled) -> Labelled:
    """Every so-manieth photo of each species, and some at least."""
    step = -(-len(labelled.photos) // SAMPLE)
    by_species: defaultdict[str, list[LabelledPhoto]] = defaultdict(list)
    for photo in labelled.photos:
        by_species[photo.species].append(photo)
    some = (own[:: max(1, min(step, len(own) // OF_EACH))] for own in by_species.values())
    return Labelled(labelled.folder, tuple(photo for own in some for photo in own))
