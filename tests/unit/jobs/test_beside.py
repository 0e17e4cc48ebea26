"""One's own species beside those of a model: nothing is lost, nothing counts twice, figures stay true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.labels import clouds, digest_of, lesson_of

from flowersorter.jobs.beside import Known, beside, open_known, reported_of
from flowersorter.jobs.saving import model_of, teaching_of
from flowersorter.learning.bundle import Model, ModelInfo, write_model
from flowersorter.learning.evaluate import validate
from flowersorter.learning.feature_store import FeatureStore, PhotoFacts
from flowersorter.learning.lesson import Lesson, learn_head
from flowersorter.paths import Home
from flowersorter.progress import silent
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings

OLD = {"daisy": 20, "Rose": 20, "tulip": 20}
NEW = {"dahlia": 20, "rose": 20}


def renumbered(lesson: Lesson, first: int) -> Lesson:
    """The same lesson on other photos."""
    digests = tuple(digest_of(first + number) for number in range(len(lesson.digests)))
    return replace(lesson, digests=digests, groups=digests)


@pytest.fixture
def own() -> Lesson:
    return renumbered(lesson_of(clouds(NEW, seed=3)), 1000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeatureStore]:
    with FeatureStore(tmp_path / "features.sqlite") as made:
        yield made


@pytest.fixture
def model() -> Model:
    lesson = lesson_of(clouds(OLD))
    learned = learn_head(lesson, silent)
    info = ModelInfo(
        "old", 1, Path(), "2026-01-01T00:00:00+00:00", tuple(OLD), 60, "head", "imagenet", "ab" * 32, "space",
        None, None, "0.1.0",
    )  # fmt: skip
    return model_of(info, learned, validate(learned.reported, tuple(OLD)))


@pytest.fixture
def known(model: Model) -> Known:
    lesson = replace(lesson_of(clouds(OLD)), corrected=frozenset({0, 25}))
    return Known(model.info, tuple(OLD), teaching_of(lesson, learn_head(lesson, silent)))


def test_both_kinds_of_species_are_taught(own: Lesson, known: Known, store: FeatureStore) -> None:
    both = beside(own, known, store)
    assert both.examples.species == ("dahlia", "daisy", "Rose", "rose", "tulip")
    assert (len(both.digests), len(both.folds), len(both.groups)) == (100, 100, 100)
    named = [both.examples.species[label] for label in both.examples.labels]
    assert named == ["dahlia"] * 20 + ["rose"] * 20 + ["daisy"] * 20 + ["Rose"] * 20 + ["tulip"] * 20
    assert both.corrected == {40, 65}
    assert np.array_equal(both.folds[40:], known.teaching.folds)


def test_a_photo_that_is_in_both_is_the_gardeners(own: Lesson, known: Known, store: FeatureStore) -> None:
    mine = replace(own, digests=(known.teaching.digests[25], *own.digests[1:]))
    both = beside(mine, known, store)
    assert len(both.digests) == len(set(both.digests)) == 99
    assert both.examples.species[both.examples.labels[0]] == "dahlia"
    assert both.corrected == {40}


def test_the_figures_are_of_the_gardeners_photos(own: Lesson, known: Known, store: FeatureStore) -> None:
    both = beside(own, known, store)
    learned = reported_of(own, learn_head(both, silent))
    assert {answer.path for answer in learned.reported} <= set(own.paths)
    assert len(learned.reported) == 40
    assert len(learned.answers) == 98  # the corrected two are in no figure
    assert set(learned.head.species) == set(both.examples.species)


def test_a_known_species_is_called_as_the_gardener_calls_it(home: Home, model: Model, known: Known) -> None:
    write_model(home.models / "old" / "0001", model, known.teaching)
    opened = open_known(home, Settings(), "old", ("dahlia", "rose"))
    assert opened.species == ("daisy", "rose", "tulip")


def test_a_model_without_its_photos_cannot_be_kept(home: Home, model: Model) -> None:
    write_model(home.models / "old" / "0001", model)
    with pytest.raises(Refused) as refused:
        open_known(home, Settings(), "old", ())
    assert refused.value.reason.code is Code.MODEL_CANNOT_LEARN


def test_shots_of_a_scene_that_is_known_join_it(own: Lesson, known: Known, store: FeatureStore) -> None:
    """Else a head that learned the one shot would be asked for the other."""
    shots = [(known.teaching.digests[5], 100.0), (own.digests[7], 102.0)]
    facts = [
        (PhotoFacts(digest, taken=taken, camera="One"), np.zeros(512, np.float32)) for digest, taken in shots
    ]
    store.put(facts, "net", "space")
    both = beside(own, known, store)
    assert both.groups[7] == both.groups[40 + 5]
    assert both.folds[7] == both.folds[40 + 5] == known.teaching.folds[5]
    given = beside(replace(own, given=True), known, store)
    assert np.array_equal(given.folds[:40], own.folds)


def test_bursts_stay_together_where_the_cache_has_lost_the_facts(
    own: Lesson, known: Known, store: FeatureStore
) -> None:
    groups = tuple(f"{place // 4:064x}" for place in range(40))
    both = beside(replace(own, groups=groups), known, store)
    assert len(set(both.groups[:40])) == 10
    assert all(len(set(both.folds[first : first + 4])) == 1 for first in range(0, 40, 4))


def test_a_model_with_layers_of_its_own_is_not_kept(
    home: Home, model: Model, known: Known, tmp_path: Path
) -> None:
    """Its layers have learned the photos that would be judged, whatever they were made from."""
    weights = tmp_path / "backbone.safetensors"
    weights.write_bytes(b"weights")
    deeper = replace(model, info=replace(model.info, base_id="builtin", method="finetune"))
    write_model(home.models / "old" / "0001", deeper, known.teaching, weights)
    with pytest.raises(Refused) as refused:
        open_known(home, Settings(), "old", ())
    assert refused.value.reason.code is Code.MODEL_CANNOT_LEARN


def test_beside_the_built_in_model_its_head_is_the_prior(
    own: Lesson, model: Model, known: Known, store: FeatureStore, tmp_path: Path
) -> None:
    """Where it knows a species it has learned from thousands of photos, of which a few came along."""
    write_model(tmp_path / "built-in", model, known.teaching)
    builtin = replace(model.info, path=tmp_path / "built-in")
    twin = replace(own, digests=(known.teaching.digests[25], *own.digests[1:]))
    both = beside(twin, replace(known, builtin=builtin), store)
    prior = both.examples.prior
    assert prior is not None
    assert set(prior.species) == set(OLD)
    places = [prior.species.index(name) for name in model.head.species]
    assert np.array_equal(prior.weight[places], model.head.weight)
    # what the gardener gave is fresh, also where the built-in model learned that photo under its own label
    assert both.examples.fresh is not None
    assert both.examples.fresh.tolist() == [True] * 40 + [False] * 59
