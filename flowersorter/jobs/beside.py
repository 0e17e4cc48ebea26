"""The gardener's own species beside those that a model knows already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowersorter.jobs.models import find_model, refusals_named
from flowersorter.jobs.names import called_here
from flowersorter.learning.bundle import ModelInfo, Teaching, backbone_file, read_model, read_teaching
from flowersorter.learning.dataset import natural_order
from flowersorter.learning.head import Head
from flowersorter.paths import Home
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings
from flowersorter.sorting.naming import folder_key
from flowersorter.species_names import language_of

if TYPE_CHECKING:  # loads torch
    from flowersorter.learning.lesson import Learned, Lesson


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A model that is kept, what its species are called here, and what it was taught on.

    `prior` is its head, where that learned from more photos than `teaching` holds.
    """

    info: ModelInfo
    species: tuple[str, ...]
    teaching: Teaching
    prior: Head | None = None


def open_known(home: Home, settings: Settings, name: str, own_species: tuple[str, ...]) -> Known:
    """The named model; one of its species that is among the gardener's own is called as there.

    Raises `Refused`: as `find_model` and `read_model`; MODEL_CANNOT_LEARN where it does not carry what it was
    taught on, or was taught on layers that no other model has.
    """
    info = find_model(home, settings, name)
    with refusals_named(info.name):
        teaching = read_teaching(info.path)
        own_layers = info.base_id != "builtin" and backbone_file(info.path) is not None
        if teaching is None or own_layers:
            raise Refused(Code.MODEL_CANNOT_LEARN, model=info.name)
        model = called_here(read_model(info.path), language_of(settings.flower_names), own_species)
    written = {folder_key(name): name for name in own_species}
    species = tuple(written.get(folder_key(name), name) for name in model.info.species)
    return Known(info, species, teaching, prior_for(replace(model.head, species=species)))


def prior_for(head: Head) -> Head | None:
    """The head itself if it learned together with its layers, as the built-in one; it then is on no roots."""
    return None if head.root else head


def beside(own: Lesson, known: Known) -> Lesson:
    """The gardener's photos, and after them what the known model was taught on.

    A photo that is among both is the gardener's. The known photos keep their groups and folds; those that
    only teach ("corrected") go on doing so.
    """
    from flowersorter.learning.fitting import Examples

    teaching, names = known.teaching, known.species
    mine = set(own.digests)
    kept = [place for place, digest in enumerate(teaching.digests) if digest not in mine]
    species = tuple(sorted({*own.examples.species, *names}, key=natural_order))
    places = {name: place for place, name in enumerate(species)}
    own_labels = [places[own.examples.species[label]] for label in own.examples.labels]
    known_labels = [places[names[teaching.labels[place]]] for place in kept]
    digests = tuple(teaching.digests[place] for place in kept)
    only_teach = {
        len(own.digests) + number for number, place in enumerate(kept) if place in teaching.corrected
    }
    return replace(
        own,
        paths=(*own.paths, *map(Path, digests)),  # where these photos are is not known, and does not matter
        digests=(*own.digests, *digests),
        examples=Examples(
            np.concatenate([own.examples.features, teaching.features[kept].astype(np.float32)]),
            np.array([*own_labels, *known_labels], dtype=np.int64),
            species,
            known.prior,
            None if known.prior is None else np.arange(len(own_labels) + len(known_labels)) < len(own_labels),
        ),
        groups=(*own.groups, *(teaching.groups[place] for place in kept)),
        folds=np.array([*own.folds, *teaching.folds[kept]], dtype=np.int64),
        corrected=own.corrected | only_teach,
    )


def reported_of(own: Lesson, learned: Learned) -> Learned:
    """What was learned, with figures of the gardener's own photos only."""
    mine = set(own.paths)
    return replace(learned, reported=tuple(answer for answer in learned.reported if answer.path in mine))
