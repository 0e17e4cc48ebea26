from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.pictures import draw_flower, save_photo
from support.reading import Colours, HerePool
from torch import nn

from flowersorter.jobs import engine
from flowersorter.jobs.engine import Recogniser, list_devices, open_recogniser
from flowersorter.jobs.reading import Reading
from flowersorter.learning.backbone import Backbone
from flowersorter.learning.bundle import Model, ModelInfo, write_model
from flowersorter.learning.calibrate import Calibration
from flowersorter.learning.head import Head
from flowersorter.learning.preprocess import FEATURE_SPACE
from flowersorter.learning.strangers import Strangers
from flowersorter.paths import Home
from flowersorter.progress import Cancelled, Progress, Report, Stage, silent
from flowersorter.records import Classified, Code, Photo, Refused
from flowersorter.settings import Settings

SPECIES = ("aster", "bluebell", "crocus", "daisy", "elder", "foxglove", "gentian")


def model(home: Home, feature_space: str = Colours.feature_space) -> Model:
    info = ModelInfo(
        "garden", 1, home.models / "garden" / "0001", "2026-01-01T00:00:00+00:00", SPECIES, 7, "head", "file",
        Colours.sha256, feature_space, None, None, "0.1.0",
    )  # fmt: skip
    weight = np.random.default_rng(0).normal(size=(len(SPECIES), 512)).astype(np.float32)
    sure = Calibration(np.full(300, 0.6, np.float32), np.ones(300, np.bool_), np.arange(300))
    return Model(info, Head(SPECIES, weight, np.zeros(len(SPECIES), np.float32), root=True), sure)


@pytest.fixture(autouse=True)
def decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowersorter.jobs.reading.PicturePool", HerePool)


@pytest.fixture
def recogniser(home: Home) -> Recogniser:
    from flowersorter.learning.devices import choose_device

    return Recogniser(model(home), choose_device("cpu"), Colours())


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    paths = [
        save_photo(tmp_path / "photos" / f"{number}.jpg", draw_flower("rose", number, size=(80, 60)))
        for number in range(5)
    ]
    broken = tmp_path / "photos" / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no picture")
    return [Photo(path, 1, 1) for path in [*paths[:2], broken, *paths[2:]]]


def recognised(
    recogniser: Recogniser, photos: list[Photo], home: Home, threshold: float | None, report: Report = silent
) -> Iterator[Classified]:
    with Reading(home) as reading:
        yield from recogniser.recognise(photos, reading, threshold, report)


def test_each_photo_gets_its_five_best_species_in_order(
    recogniser: Recogniser, photos: list[Photo], home: Home
) -> None:
    events: list[object] = []
    classified = list(recognised(recogniser, photos, home, 0.5, events.append))
    assert [one.photo for one in classified] == photos
    for one in classified:
        if one.photo.path.name == "broken.jpg":
            assert one.problem is not None
            assert one.problem.code is Code.UNREADABLE
            assert one.guess is None
        else:
            assert one.guess is not None
            confidences = [score.confidence for score in one.guess.ranking]
            assert len(confidences) == 5
            assert confidences == sorted(confidences, reverse=True)
            assert one.digest is not None
    assert events[-1] == Progress(Stage.CLASSIFYING, 6, 6)


def test_a_guess_is_sure_from_the_threshold_on_and_never_without_one(
    recogniser: Recogniser, photos: list[Photo], home: Home
) -> None:
    best = [one.guess.best.confidence for one in recognised(recogniser, photos, home, None) if one.guess]
    middle = sorted(best)[2]
    for threshold in (None, middle, 1.1, 0.0):
        guesses = [one.guess for one in recognised(recogniser, photos, home, threshold) if one.guess]
        for guess in guesses:
            assert guess.sure == (threshold is not None and guess.best.confidence >= threshold)
            assert (guess.species is None) == (not guess.sure)
    assert any(confidence >= middle for confidence in best)


def test_cancelling_passes_through(recogniser: Recogniser, photos: list[Photo], home: Home) -> None:
    def cancel(event: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        list(recognised(recogniser, photos, home, 0.5, cancel))


def test_the_threshold_comes_from_the_calibration(recogniser: Recogniser) -> None:
    assert recogniser.threshold(2).value is not None
    assert recogniser.threshold(0.5).value is None
    assert recogniser.threshold(0.5).missing is not None


def test_a_model_without_its_network_is_refused(home: Home) -> None:
    write_model(model(home).info.path, model(home))
    with pytest.raises(Refused) as refused:
        open_recogniser(home, Settings(), "garden", "cpu")
    assert refused.value.reason.code is Code.MODEL_NEEDS_WEIGHTS


def test_a_model_of_another_feature_space_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    other = model(home, "decoder9-other")
    write_model(other.info.path, other)
    backbone = Backbone("", FEATURE_SPACE, nn.Identity())
    monkeypatch.setattr(engine, "open_backbone", lambda *_whatever: backbone)
    with pytest.raises(Refused) as refused:
        open_recogniser(home, Settings(), "garden", "cpu")
    assert refused.value.reason.code is Code.MODEL_OTHER_NETWORK


def test_a_model_of_two_views_sorts_with_two(recogniser: Recogniser, photos: list[Photo], home: Home) -> None:
    network = Colours()
    twice = replace(recogniser, network=network, views=2)
    classified = list(recognised(twice, photos, home, None))
    assert network.shown == 2 * sum(one.problem is None for one in classified)


def test_the_devices_that_work_are_listed() -> None:
    devices = list_devices()
    assert devices
    assert devices[-1].startswith("cpu")


def test_ranking_has_no_more_species_than_the_model() -> None:
    head = Head(("a", "b"), np.ones((2, 512), np.float32), np.array([0, 1], np.float32), root=True)
    ranking = engine.ranking_of(head, np.ones(512, np.float32))
    assert [score.species for score in ranking] == ["b", "a"]
    assert sum(score.confidence for score in ranking) == pytest.approx(1.0)


def test_a_stranger_is_not_sure_however_confident(
    recogniser: Recogniser, photos: list[Photo], home: Home
) -> None:
    whitening = np.eye(512, dtype=np.float32)
    for limit, stranger in ((-1.0, True), (1e9, False)):
        strangers = Strangers(np.zeros((1, 512), np.float32), whitening, limit)
        strict = replace(recogniser, model=replace(recogniser.model, strangers=strangers))
        guesses = [one.guess for one in recognised(strict, photos, home, 0.0) if one.guess is not None]
        assert len(guesses) == 5
        assert all(guess.stranger is stranger for guess in guesses)
        assert all((guess.species is None) is stranger for guess in guesses)
