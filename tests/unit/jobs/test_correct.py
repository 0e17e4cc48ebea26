"""Corrections teach the head; being chosen by hand, they are in no figure and never calibrate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.labels import clouds, digest_of, lesson_of
from support.networks import save_random_weights

from flowersorter.jobs import models
from flowersorter.jobs.correct import correct
from flowersorter.jobs.models import find_model
from flowersorter.jobs.saving import model_of, teaching_of
from flowersorter.learning.backbone import load_backbone, save_backbone
from flowersorter.learning.bundle import PRETRAINED, ModelInfo, read_model, read_teaching, write_model
from flowersorter.learning.evaluate import validate
from flowersorter.learning.feature_store import FeatureStore, PhotoFacts
from flowersorter.learning.fitting import fit_head
from flowersorter.learning.head import Head
from flowersorter.learning.lesson import Learned, learn_head
from flowersorter.learning.network import space_in
from flowersorter.paths import Home
from flowersorter.progress import Cancelled, silent
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings

COUNTS = {"daisy": 30, "rose": 25, "tulip": 20}
BACKBONE, SPACE = "b" * 64, "test space"


@pytest.fixture
def learned() -> Learned:
    return learn_head(lesson_of(clouds(COUNTS)), silent)


@pytest.fixture
def model(home: Home, learned: Learned) -> ModelInfo:
    """A model in the library that was taught on clouds of points."""
    lesson = lesson_of(clouds(COUNTS))
    validation = validate(learned.reported, lesson.examples.species)
    info = ModelInfo(
        name="garden",
        version=1,
        path=Path(),
        created="2026-01-01T00:00:00+00:00",
        species=tuple(COUNTS),
        photos=75,
        method="head",
        base_id="file",
        backbone_sha256=BACKBONE,
        feature_space=SPACE,
        accuracy=validation.accuracy,
        interval=validation.interval,
        app_version="0.1.0",
    )
    saved = model_of(info, learned, validation)
    return write_model(home.models / "garden" / "0001", saved, teaching_of(lesson, learned))


def keep_features(
    home: Home, rows: np.ndarray, start: int, hashed: int | None = None, space: str = SPACE
) -> list[str]:
    """Put photos into the cache; gives their digests."""
    digests = [digest_of(number) for number in range(start, start + len(rows))]
    facts = [PhotoFacts(digest, perceptual_hash=hashed) for digest in digests]
    with FeatureStore(home.features_file) as store:
        store.put(list(zip(facts, rows, strict=True)), BACKBONE, space)
    return digests


def confidence(home: Home, rows: np.ndarray, species: str) -> float:
    return confidence_of(find_model(home, Settings(), "garden"), rows, species)


def confidence_of(info: ModelInfo, rows: np.ndarray, species: str) -> float:
    head = read_model(info.path).head
    return float(head.predict(rows)[:, head.species.index(species)].mean())


def test_a_correction_of_a_taught_photo_is_learned(home: Home, model: ModelInfo) -> None:
    lesson = lesson_of(clouds(COUNTS))
    before = confidence(home, lesson.examples.features[:3], "rose")
    result = correct(home, Settings(), "garden", {digest_of(n): "rose" for n in range(3)})
    assert (result.corrections, result.unseen) == (3, ())
    assert result.info.version == 2
    assert find_model(home, Settings(), "garden") == result.info
    assert confidence(home, lesson.examples.features[:3], "rose") > before + 0.2
    assert confidence(home, lesson.examples.features[10:30], "daisy") > 0.5


def test_new_photos_and_a_new_species_join(home: Home, model: ModelInfo) -> None:
    dahlias = clouds({**COUNTS, "dahlia": 12}).features[-12:]
    digests = keep_features(home, dahlias, 1000)
    result = correct(home, Settings(), "garden", dict.fromkeys(digests, "dahlia"))
    assert result.info.species == (*COUNTS, "dahlia")
    assert result.info.photos == 87
    assert confidence(home, dahlias, "dahlia") > 0.5


def test_photos_that_were_sorted_in_another_precision_join(home: Home, model: ModelInfo) -> None:
    """Once on a processor with bfloat16 no corrected photo was found in the cache."""
    dahlias = clouds({**COUNTS, "dahlia": 12}).features[-12:]
    digests = keep_features(home, dahlias, 1000, space=space_in(SPACE, "bfloat16"))
    result = correct(home, Settings(), "garden", dict.fromkeys(digests, "dahlia"))
    assert (result.corrections, result.unseen) == (12, ())


def test_corrected_photos_are_in_no_figure(home: Home, model: ModelInfo, learned: Learned) -> None:
    digests = keep_features(home, clouds({"daisy": 4}, seed=5).features, 1000)
    decisions = {**dict.fromkeys(digests, "daisy"), digest_of(0): "tulip"}
    result = correct(home, Settings(), "garden", decisions)
    assert result.validation.photos == len(learned.answers) - 1
    assert len(read_model(result.info.path).calibration.confidence) == len(learned.answers) - 1
    again = correct(home, Settings(), "garden", {digest_of(1): "tulip"})
    assert again.validation.photos == len(learned.answers) - 2


def test_a_twin_of_a_taught_photo_stays_in_its_fold(home: Home, model: ModelInfo) -> None:
    lesson = lesson_of(clouds(COUNTS))
    keep_features(home, lesson.examples.features[:1], 0, hashed=12345)
    (twin,) = keep_features(home, lesson.examples.features[:1], 1000, hashed=12345)
    result = correct(home, Settings(), "garden", {twin: "daisy"})
    teaching = read_teaching(result.info.path)
    assert teaching is not None
    assert teaching.groups[75] == teaching.groups[0]
    assert teaching.folds[75] == teaching.folds[0]
    assert teaching.corrected == {75}


def test_photos_that_the_cache_has_lost_are_named(home: Home, model: ModelInfo) -> None:
    result = correct(home, Settings(), "garden", {digest_of(0): "rose", digest_of(999): "rose"})
    assert (result.corrections, result.unseen) == (1, (digest_of(999),))


def test_where_all_of_them_are_lost_nothing_is_learned(home: Home, model: ModelInfo) -> None:
    with pytest.raises(Refused) as refused:
        correct(home, Settings(), "garden", {digest_of(999): "rose"})
    assert refused.value.reason.code is Code.NOTHING_TO_LEARN
    assert find_model(home, Settings(), "garden") == model


def test_the_same_corrections_give_the_same_head(home: Home, model: ModelInfo) -> None:
    first = correct(home, Settings(), str(model.path), {digest_of(0): "rose"})
    second = correct(home, Settings(), str(model.path), {digest_of(0): "rose"})
    assert (first.info.version, second.info.version) == (2, 3)
    one, other = read_model(first.info.path).head, read_model(second.info.path).head
    assert np.array_equal(one.weight, other.weight)


def test_a_model_without_its_teaching_cannot_learn(home: Home, model: ModelInfo) -> None:
    saved, teaching = read_model(model.path), read_teaching(model.path)
    assert teaching is not None
    for version, kept in enumerate((None, replace(teaching, start=None)), start=2):
        write_model(home.models / "garden" / f"{version:04d}", saved, kept)
        with pytest.raises(Refused) as refused:
            correct(home, Settings(), "garden", {digest_of(0): "rose"})
        assert refused.value.reason.code is Code.MODEL_CANNOT_LEARN


def test_cancelled_it_leaves_the_model_in_force(home: Home, model: ModelInfo) -> None:
    def stop(event: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        correct(home, Settings(), "garden", {digest_of(0): "rose"}, stop)
    assert find_model(home, Settings(), "garden") == model


def test_the_built_in_model_learns_as_a_model_of_its_own(
    home: Home, tmp_path: Path, learned: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays as it was shipped; what it became has its name, is found in its place, and has a backbone."""
    lesson = lesson_of(clouds(COUNTS))
    backbone = load_backbone(save_random_weights(tmp_path / "weights.pth", seed=1))
    weights = tmp_path / "weights.safetensors"
    save_backbone(backbone, weights)
    builtin = tmp_path / "builtin"
    info = ModelInfo(
        "Built in", 1, builtin, "2026-01-01T00:00:00+00:00", tuple(COUNTS), 75, PRETRAINED, "builtin",
        backbone.sha256, SPACE, None, None, "0.1.0",
    )  # fmt: skip
    validation = validate(learned.reported, lesson.examples.species)
    teaching = replace(teaching_of(lesson, learned), start=None, corrected=frozenset({4}))
    nothing = Head(tuple(COUNTS), np.zeros((3, 512), np.float32), np.zeros(3, np.float32), root=False)
    on_plain_features, _ = fit_head(replace(lesson.examples, prior=nothing), 0.01)
    shipped_model = replace(model_of(info, learned, validation), head=on_plain_features)
    write_model(builtin, shipped_model, teaching, weights)
    monkeypatch.setattr(models, "builtin_model", lambda: builtin)
    shipped = {path.name: path.read_bytes() for path in builtin.iterdir()}

    result = correct(home, Settings(), None, {digest_of(n): "Margerite" for n in range(30, 33)})
    assert (result.info.name, result.info.version, result.info.method) == ("Built in", 1, "head")
    assert find_model(home, Settings(), None) == result.info
    assert confidence_of(result.info, lesson.examples.features[30:33], "daisy") > 0.5  # said in German
    assert (home.backbones / f"{backbone.sha256}.safetensors").is_file()
    assert {path.name: path.read_bytes() for path in builtin.iterdir()} == shipped
    kept = read_teaching(result.info.path)
    assert kept is not None
    assert kept.corrected == {4, 30, 31, 32}
    again = correct(home, Settings(), None, {digest_of(40): "daisy"})
    assert again.info.version == 2
    assert confidence_of(again.info, lesson.examples.features[30:33], "daisy") > 0.5  # not forgotten

    # the program brings a new version: what grew from the old one goes on naming photos, and learns no more
    renewed = load_backbone(save_random_weights(tmp_path / "renewed.pth", seed=2))
    save_backbone(renewed, weights)
    newer = replace(info, version=2, backbone_sha256=renewed.sha256)
    write_model(tmp_path / "renewed", replace(shipped_model, info=newer), teaching, weights)
    monkeypatch.setattr(models, "builtin_model", lambda: tmp_path / "renewed")
    assert find_model(home, Settings(), None) == again.info
    with pytest.raises(Refused) as refused:
        correct(home, Settings(), None, {digest_of(41): "daisy"})
    assert refused.value.reason.code is Code.MODEL_OUTGROWN


@pytest.mark.parametrize("new", [False, True])
def test_a_photo_that_was_taught_twice_is_no_hindrance(home: Home, learned: Learned, new: bool) -> None:
    """A copy of a photo lies in the folder: both are relabelled, and others join."""
    lesson = lesson_of(clouds(COUNTS))
    features = lesson.examples.features.copy()
    features[1], folds = features[0], lesson.folds.copy()
    folds[1] = folds[0]
    digests = (lesson.digests[0], lesson.digests[0], *lesson.digests[2:])
    twice = replace(
        lesson,
        digests=digests,
        groups=digests,
        folds=folds,
        examples=replace(lesson.examples, features=features),
    )
    info = ModelInfo(
        "garden", 1, Path(), "2026-01-01T00:00:00+00:00", tuple(COUNTS), 75, "head", "file", BACKBONE, SPACE,
        None, None, "0.1.0",
    )  # fmt: skip
    validation = validate(learned.reported, twice.examples.species)
    write_model(
        home.models / "garden" / "0001", model_of(info, learned, validation), teaching_of(twice, learned)
    )
    said = keep_features(home, features[30:31], 1000) if new else [digests[0]]
    result = correct(home, Settings(), "garden", dict.fromkeys(said, "rose"))
    taught = read_teaching(result.info.path)
    assert taught is not None
    assert len(taught.digests) == len(taught.folds) == len(taught.labels) == 75 + new
    named = [
        result.info.species[label]
        for label, digest in zip(taught.labels, taught.digests, strict=True)
        if digest in said
    ]
    assert named == ["rose"] * (1 if new else 2)
