"""Try a model on labelled photos that it was not taught on. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from flowersorter.jobs.engine import Recogniser, open_recogniser
from flowersorter.jobs.lessons import read_garden
from flowersorter.jobs.models import taught_digests
from flowersorter.jobs.reading import Reading
from flowersorter.learning.dataset import LabelledPhoto, natural_order
from flowersorter.learning.evaluate import Answer, SpeciesFigures, validate
from flowersorter.learning.feature_store import PhotoFacts
from flowersorter.learning.head import WIDTH
from flowersorter.learning.split import group_of
from flowersorter.paths import Home
from flowersorter.progress import Progress, Report, Stage, silent
from flowersorter.records import Left
from flowersorter.settings import Settings
from flowersorter.species_names import match, same_species


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of a model on labelled photos.

    `photos` counts those that were asked: readable and not taught. The figures are of those whose label is
    one of the model's species; `filed` counts all that would be filed, `filed_wrong` those of them that
    would come into a folder which is not their label, strangers included.
    """

    model: str
    photos: int
    seen_in_training: int
    accuracy: float | None
    interval: tuple[float, float] | None
    top3: float | None
    species: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    per_species: tuple[SpeciesFigures, ...]
    unknown_labels: tuple[str, ...]
    filed: int
    filed_wrong: int
    skipped: tuple[Left, ...]


def evaluate(
    home: Home, settings: Settings, folder: Path, model: str | None, max_wrong: float, report: Report = silent
) -> Evaluation:
    """Ask the model for every labelled photo that it was not taught on, nor another of the same scene.

    Scenes are told by what the cache remembers of the taught photos; without that, by equal bytes alone.

    Raises `Refused`: as `read_garden` (one species is enough here) and `open_recogniser`; and `Cancelled`.
    """
    labelled = read_garden(folder, report, min_species=1)
    report(Progress(Stage.STARTING))
    recogniser = open_recogniser(home, settings, model)
    from flowersorter.learning.features import Seen
    from flowersorter.learning.lesson import answers_of

    asked: list[tuple[LabelledPhoto, Seen]] = []
    skipped = list(labelled.problems)
    with Reading(home, settings) as reading:
        paths = [photo.path for photo in labelled.photos]
        seen = reading.see(paths, recogniser.network, report, Stage.EVALUATING, views=recogniser.views)
        for photo, one in zip(labelled.photos, seen, strict=True):
            if one.problem is not None:
                skipped.append(Left(photo.path, one.problem))
            else:
                asked.append((photo, one))
        digests = sorted(taught_digests(recogniser.info))
        facts = reading.features.facts_of(digests)
        taught = [facts.get(digest) or PhotoFacts(digest) for digest in digests]
    groups = group_of([*taught, *(one.facts for _, one in asked if one.facts is not None)])
    taught_groups = set(groups[: len(taught)])
    known = recogniser.info.species
    species = {label: match(label, known, same_species) or label for label in labelled.species}
    fresh = [
        (photo, group, one.features)
        for (photo, one), group in zip(asked, groups[len(taught) :], strict=True)
        if group not in taught_groups and one.features is not None
    ]
    features = np.array([own for _, _, own in fresh], dtype=np.float32).reshape(-1, WIDTH)
    answers = [
        replace(answer, stranger=recogniser.is_stranger(own))
        for answer, own in zip(
            answers_of(
                [photo.path for photo, _, _ in fresh],
                [species[photo.species] for photo, _, _ in fresh],
                [group for _, group, _ in fresh],
                known,
                recogniser.model.head.predict(features),
            ),
            features,
            strict=True,
        )
    ]
    return _figures(recogniser, answers, len(asked) - len(answers), max_wrong, tuple(skipped))


def _figures(
    recogniser: Recogniser,
    answers: Sequence[Answer],
    seen_in_training: int,
    max_wrong: float,
    skipped: tuple[Left, ...],
) -> Evaluation:
    """Count the answers. A photo of a species that the model does not know can only be filed wrongly."""
    info = recogniser.info
    unknown = {answer.species for answer in answers} - set(info.species)
    figures = validate([answer for answer in answers if answer.species not in unknown], info.species)
    threshold = recogniser.threshold(max_wrong).value
    filed = [answer for answer in answers if answer.is_sure(threshold)]
    return Evaluation(
        model=info.name,
        photos=len(answers),
        seen_in_training=seen_in_training,
        accuracy=figures.accuracy,
        interval=figures.interval,
        top3=figures.top3,
        species=info.species,
        confusion=figures.confusion,
        per_species=figures.per_species,
        unknown_labels=tuple(sorted(unknown, key=natural_order)),
        filed=len(filed),
        filed_wrong=sum(not answer.correct for answer in filed),
        skipped=skipped,
    )
