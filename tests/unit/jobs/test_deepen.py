"""A model that learnt deeply brings its own backbone, and sorting uses that one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.pictures import draw_library
from support.reading import HerePool

from flowersorter.jobs import reading
from flowersorter.jobs import teach as teaching
from flowersorter.jobs.engine import open_recogniser
from flowersorter.jobs.models import export_model, import_model, list_models
from flowersorter.jobs.reading import Reading
from flowersorter.jobs.teach import TeachingEstimate, TeachRequest, estimate, teach
from flowersorter.learning import finetune, learner
from flowersorter.learning.backbone import load_backbone
from flowersorter.learning.bundle import backbone_file, read_teaching
from flowersorter.learning.feature_store import FeatureStore
from flowersorter.learning.learner import Depth
from flowersorter.paths import Home
from flowersorter.progress import Cancelled, Progress, Stage
from flowersorter.records import Photo
from flowersorter.settings import Settings

pytestmark = pytest.mark.usefixtures("no_builtin_model")


@pytest.fixture(autouse=True)
def small_and_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "Depth", partial(Depth, epochs=1, views=2, batch=8, layer_rate=1e-5))
    monkeypatch.setattr(finetune, "fold_of", nobody_watches)  # else drawn flowers might not be worth a change
    monkeypatch.setattr(reading, "PicturePool", HerePool)
    monkeypatch.setattr(teaching, "PicturePool", HerePool)


def nobody_watches(group: str, seed: int) -> int:
    return 1


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("garden") / "My garden"
    draw_library(folder, 5, size=(96, 72))
    return folder


@pytest.fixture
def settings(random_weights: Path) -> Settings:
    return Settings(weights_file=str(random_weights))


def test_the_model_brings_its_backbone_and_sorts_with_it(
    garden: Path, home: Home, settings: Settings, random_weights: Path, tmp_path: Path
) -> None:
    events: list[object] = []
    request = TeachRequest(garden, method="finetune", device="cpu")
    taught = teach(home, settings, request, events.append)
    assert taught.info.method == "finetune"
    assert len(taught.epochs) == 1
    assert 0 < taught.validation.photos < taught.info.photos == 25
    estimates = [event for event in events if isinstance(event, TeachingEstimate)]
    assert len(estimates) == 1
    assert estimates[0].seconds > 0
    own = backbone_file(taught.info.path)
    assert own is not None
    sha256 = load_backbone(own).sha256
    assert sha256 == taught.info.backbone_sha256 != load_backbone(random_weights).sha256

    kept = read_teaching(taught.info.path)
    assert kept is not None
    with FeatureStore(home.features_file) as store:
        for digest, features in zip(kept.digests, kept.features, strict=True):
            cached = store.features(digest, sha256, taught.info.feature_space)
            assert cached is not None
            assert np.array_equal(cached, features.astype(np.float32))
    assert not [path for path in home.cache.iterdir() if path.suffix != ".sqlite" and path.is_dir()]

    # elsewhere, without any weights
    export_model(home, taught.info.name, tmp_path / "exported", include_teaching=False)
    imported = import_model(home, tmp_path / "exported")
    recogniser = open_recogniser(home, Settings(), imported.name, "cpu")
    assert recogniser.network.sha256 == sha256
    photos = [Photo(path, 1, 1) for path in sorted(garden.glob("*/*.jpg"))[::5]]
    with Reading(home) as opened:
        classified = list(recogniser.recognise(photos, opened, None, events.append))
    assert all(one.guess is not None for one in classified)


def test_cancelling_while_the_layers_learn_leaves_nothing(
    garden: Path, home: Home, settings: Settings
) -> None:
    """Promises 16 and 20."""

    def cancel(event: object) -> None:
        if isinstance(event, Progress) and event.stage is Stage.TRAINING and event.done:
            raise Cancelled

    with pytest.raises(Cancelled):
        teach(home, settings, TeachRequest(garden, method="finetune", device="cpu"), cancel)
    assert list_models(home) == []
    left = {path for path in home.cache.iterdir() if path.suffix != ".sqlite"}
    assert left <= {home.engines_file}


def test_the_time_is_known_before_it_starts(garden: Path, home: Home, settings: Settings) -> None:
    assert estimate(home, settings, TeachRequest(garden, method="finetune", device="cpu")) > 0
