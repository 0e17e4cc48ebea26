"""Teach a model again, in a moment, with what the gardener corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs.beside import grown_from, with_prior
from flowersorter.jobs.models import find_model, refusals_named
from flowersorter.jobs.saving import Origin, save_version
from flowersorter.jobs.weights import open_backbone
from flowersorter.learning.bundle import (
    PRETRAINED,
    Model,
    ModelInfo,
    Teaching,
    backbone_file,
    read_model,
    read_teaching,
)
from flowersorter.learning.compare import Comparison
from flowersorter.learning.evaluate import Validation
from flowersorter.learning.feature_store import FeatureStore, PhotoFacts
from flowersorter.learning.split import fold_of, group_of
from flowersorter.learning.views import cache_spaces, mean_features, recall, views_in
from flowersorter.paths import Home
from flowersorter.progress import Progress, Report, Stage, silent
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings
from flowersorter.species_names import match, same_species

if TYPE_CHECKING:  # loads torch
    from flowersorter.learning.lesson import Lesson

NEAR_PRIOR: Final = 1.0  # the strength that keeps a head which learned from thousands of photos


@dataclass(frozen=True, slots=True)
class Corrected:
    """A model that learned `corrections` photos; the `unseen` digests are those that the cache has lost."""

    info: ModelInfo
    validation: Validation
    corrections: int
    unseen: tuple[str, ...]
    comparison: Comparison | None = None

    @property
    def in_force(self) -> bool:
        return self.comparison is None or self.comparison.taken


def correct(
    home: Home, settings: Settings, model: str | None, decisions: Mapping[str, str], report: Report = silent
) -> Corrected:
    """Teach the species that were decided for these digests, and save the model as its next version.

    Decides anew what was taught otherwise, adds other photos from the cached features, and species that the
    model did not know. The figures stay out of fold and leave the corrected photos out: these were chosen by
    hand. What the built-in model learns becomes a model of the same name in the library, which is used from
    then on. Raises `Refused`: as `find_model`, MODEL_CANNOT_LEARN, MODEL_OUTGROWN, NOTHING_TO_LEARN
    where the cache has lost every photo, DISK_FULL ...; and `Cancelled`.
    """
    info = find_model(home, settings, model)
    with refusals_named(info.name):
        before, teaching = read_model(info.path), read_teaching(info.path)
    if teaching is None:
        raise Refused(Code.MODEL_CANNOT_LEARN, model=info.name)
    report(Progress(Stage.TRAINING))
    from flowersorter.learning.lesson import learn_again, learn_head

    decided = {digest: match(name, info.species, same_species) or name for digest, name in decisions.items()}
    with FeatureStore(home.features_file) as store:
        lesson, unseen = _lesson(before, teaching, decided, store)
    if len(unseen) == len(decisions):
        raise Refused(Code.NOTHING_TO_LEARN)
    backbone, method = None, info.method
    if (builtin := grown_from(before)) is not None:
        learned = learn_head(with_prior(lesson, builtin, decided.keys()), report, NEAR_PRIOR)
        if info.method == PRETRAINED:
            backbone, method = open_backbone(home, settings, info), "head"
    elif teaching.start is not None and backbone_file(info.path) is None:
        learned = learn_again(lesson, before.head, teaching.start, report, before.strangers)
    else:
        raise Refused(Code.MODEL_CANNOT_LEARN, model=info.name)
    report(Progress(Stage.SAVING))
    origin = Origin(info.name, method, info.base_id, info.backbone_sha256, info.feature_space)
    saved = save_version(home, settings, origin, lesson, learned, backbone)
    return Corrected(saved.info, saved.validation, len(decisions) - len(unseen), unseen, saved.comparison)


def _lesson(
    before: Model, teaching: Teaching, decisions: Mapping[str, str], store: FeatureStore
) -> tuple[Lesson, tuple[str, ...]]:
    """What was taught, with the decisions; and the decided digests of which there are no features."""
    from flowersorter.learning.fitting import Examples
    from flowersorter.learning.lesson import Lesson

    info = before.info
    taught = set(teaching.digests)
    vectors = {digest: _recalled(store, info, digest) for digest in decisions if digest not in taught}
    new = {digest: vector for digest, vector in vectors.items() if vector is not None}
    digests = (*teaching.digests, *new)
    # every copy of a photo that was taught more than once
    decided = {place: decisions[digest] for place, digest in enumerate(digests) if digest in decisions}
    species = tuple(dict.fromkeys([*info.species, *decided.values()]))
    labels = np.concatenate([teaching.labels, np.zeros(len(new), dtype=np.int32)]).astype(np.int64)
    for place, name in decided.items():
        labels[place] = species.index(name)
    features = np.concatenate([teaching.features.astype(np.float32), *(row[None] for row in new.values())])
    groups: Sequence[str] = teaching.groups
    if new:
        facts = store.facts_of(digests)
        groups = group_of([facts.get(digest) or PhotoFacts(digest) for digest in digests], groups)
    folds = dict(zip(groups, teaching.folds.tolist(), strict=False))  # a group that was taught keeps its fold
    lesson = Lesson(
        paths=(Path(),) * len(digests),  # where they are now is not known, and does not matter here
        digests=digests,
        examples=Examples(features, labels, species),
        groups=tuple(groups),
        folds=np.array(
            [
                *teaching.folds,
                *(folds.get(group, fold_of(group)) for group in groups[len(teaching.digests) :]),
            ],
            dtype=np.int64,
        ),
        given=teaching.given,
        corrected=teaching.corrected | frozenset(decided),
    )
    return lesson, tuple(digest for digest in decisions if digest not in taught and digest not in new)


def _recalled(store: FeatureStore, info: ModelInfo, digest: str) -> NDArray[np.float32] | None:
    """A photo's features as the model knows photos, in whichever precision they were calculated."""
    from flowersorter.learning.devices import Precision
    from flowersorter.learning.network import space_in

    views, space = views_in(info.feature_space)
    for precision in get_args(Precision):
        spaces = cache_spaces(views, space_in(space, precision))
        vectors = [one for one in recall(store, digest, info.backbone_sha256, spaces) if one is not None]
        if len(vectors) == views:
            return mean_features(vectors)
    return None
