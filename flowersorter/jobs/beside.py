"""The gardener's own species beside those that a model knows already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.jobs.models import builtin_info, find_model, refusals_named
from flowersorter.jobs.names import called_here
from flowersorter.learning.bundle import (
    PRETRAINED,
    Model,
    ModelInfo,
    Teaching,
    backbone_file,
    read_model,
    read_teaching,
)
from flowersorter.learning.dataset import natural_order
from flowersorter.learning.feature_store import FeatureStore, PhotoFacts
from flowersorter.learning.head import Head
from flowersorter.learning.split import fold_of, group_of
from flowersorter.paths import Home
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings
from flowersorter.sorting.naming import folder_key
from flowersorter.species_names import language_of, match, same_species

if TYPE_CHECKING:  # loads torch
    from flowersorter.learning.lesson import Learned, Lesson


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A model that is kept, what its species are called here, and what it was taught on.

    `builtin` is the model that came with the program where this one is it, or grew from it: its head learned
    from more photos than any `teaching` holds.
    """

    info: ModelInfo
    species: tuple[str, ...]
    teaching: Teaching
    builtin: ModelInfo | None = None


def open_known(home: Home, settings: Settings, name: str, own_species: tuple[str, ...]) -> Known:
    """The named model; one of its species that is among the gardener's own is called as there.

    Raises `Refused`: as `find_model`, `read_model` and `grown_from` do; MODEL_CANNOT_LEARN where it does not
    carry what it was taught on, or was taught on layers that no other model has.
    """
    info = find_model(home, settings, name)
    with refusals_named(info.name):
        teaching = read_teaching(info.path)
        own_layers = info.method != PRETRAINED and backbone_file(info.path) is not None
        if teaching is None or own_layers:
            raise Refused(Code.MODEL_CANNOT_LEARN, model=info.name)
        model = called_here(read_model(info.path), language_of(settings.flower_names), own_species)
    written = {folder_key(name): name for name in own_species}
    species = tuple(written.get(folder_key(name), name) for name in model.info.species)
    return Known(info, species, teaching, grown_from(model))


def grown_from(model: Model) -> ModelInfo | None:
    """The model that came with the program, if this one is it or keeps its head as a prior.

    Raises `Refused` (MODEL_OUTGROWN) where it keeps that of a version which came before.
    """
    builtin, info = builtin_info(), model.info
    if builtin is None or model.head.root or info.method not in ("head", PRETRAINED):
        return None
    if info.backbone_sha256 == builtin.backbone_sha256:
        return builtin
    if info.base_id == "builtin":
        raise Refused(Code.MODEL_OUTGROWN, model=info.name)
    return None


def with_prior(lesson: Lesson, builtin: ModelInfo, said: Collection[str]) -> Lesson:
    """The lesson with the built-in head as its prior, under the lesson's names.

    It is the head as it came, which never saw the photos that the lesson's figures are of; what grew from it
    has. Fresh is what did not teach it, and of what did, the digests whose species was `said` anew.
    """
    head, teaching = read_model(builtin.path).head, read_teaching(builtin.path)
    species = lesson.examples.species
    names = [match(name, species, same_species) for name in head.species]
    kept = [place for place, name in enumerate(names) if name is not None]
    prior = Head(tuple(filter(None, names)), head.weight[kept], head.bias[kept], head.root)
    old = set() if teaching is None else set(teaching.digests) - set(said)
    fresh = np.array([digest not in old for digest in lesson.digests])
    return replace(lesson, examples=replace(lesson.examples, prior=prior, fresh=fresh))


def beside(own: Lesson, known: Known, store: FeatureStore) -> Lesson:
    """The gardener's photos, and after them what the known model was taught on.

    A photo that is among both is the gardener's. The known photos keep their folds, and one of the
    gardener's that shows the same scene joins them there, so that none is judged by a head that learned its
    twin; `store` has the facts. Known photos that only teach ("corrected") go on doing so.
    """
    from flowersorter.learning.fitting import Examples

    teaching, names = known.teaching, known.species
    mine = set(own.digests)
    everything = (*teaching.digests, *own.digests)
    facts = store.facts_of(everything)
    groups = group_of(
        [facts.get(digest) or PhotoFacts(digest) for digest in everything],
        teaching.groups,
        [*(None for _ in teaching.digests), *own.groups],  # the cache may have lost the facts since
    )
    known_groups, own_groups = groups[: len(teaching.digests)], groups[len(teaching.digests) :]
    taught_in = dict(zip(known_groups, teaching.folds.tolist(), strict=True))
    own_folds = [taught_in.get(group, fold_of(group)) for group in own_groups]
    kept = [place for place, digest in enumerate(teaching.digests) if digest not in mine]
    species = tuple(sorted({*own.examples.species, *names}, key=natural_order))
    places = {name: place for place, name in enumerate(species)}
    own_labels = [places[own.examples.species[label]] for label in own.examples.labels]
    known_labels = [places[names[teaching.labels[place]]] for place in kept]
    digests = tuple(teaching.digests[place] for place in kept)
    only_teach = {
        len(own.digests) + number for number, place in enumerate(kept) if place in teaching.corrected
    }
    both = replace(
        own,
        paths=(*own.paths, *map(Path, digests)),  # where these photos are is not known, and does not matter
        digests=(*own.digests, *digests),
        examples=Examples(
            np.concatenate([own.examples.features, teaching.features[kept].astype(np.float32)]),
            np.array([*own_labels, *known_labels], dtype=np.int64),
            species,
        ),
        groups=(*own_groups, *(known_groups[place] for place in kept)),
        folds=np.array([*(own.folds if own.given else own_folds), *teaching.folds[kept]], dtype=np.int64),
        corrected=own.corrected | only_teach,
    )
    return both if known.builtin is None else with_prior(both, known.builtin, own.digests)


def reported_of(own: Lesson, learned: Learned) -> Learned:
    """What was learned, with figures of the gardener's own photos only."""
    mine = set(own.paths)
    return replace(learned, reported=tuple(answer for answer in learned.reported if answer.path in mine))
