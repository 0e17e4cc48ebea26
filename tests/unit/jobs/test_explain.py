"""Explaining a photo with a model that was really taught, on drawn photos and random weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.pictures import SPECIES, draw_library, save_photo
from support.pictures import draw_flower as draw

from flowersorter.jobs import explain
from flowersorter.jobs.engine import ranking_of
from flowersorter.jobs.explain import NEIGHBOURS, Explainer
from flowersorter.jobs.models import export_model
from flowersorter.jobs.teach import Taught, TeachRequest, teach
from flowersorter.learning.bundle import read_info, read_model, read_teaching
from flowersorter.paths import Home, home_in
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings


@pytest.fixture(scope="module")
def taught_home(tmp_path_factory: pytest.TempPathFactory, random_weights: Path) -> tuple[Home, Taught, Path]:
    folder = tmp_path_factory.mktemp("explain")
    home = home_in(folder / "home")
    home.make()
    draw_library(folder / "garden", 5, size=(96, 72))
    settings = Settings(weights_file=str(random_weights))
    return home, teach(home, settings, TeachRequest(folder / "garden", device="cpu")), folder / "garden"


@pytest.fixture
def explainer(taught_home: tuple[Home, Taught, Path], random_weights: Path) -> Iterator[Explainer]:
    made = Explainer(taught_home[0], lambda: Settings(weights_file=str(random_weights)))
    yield made
    made.close()


def test_a_photo_is_explained(
    explainer: Explainer, taught_home: tuple[Home, Taught, Path], tmp_path: Path
) -> None:
    _, taught, garden = taught_home
    photo = save_photo(tmp_path / "tall.jpg", draw("tulip", 99, size=(60, 120)))
    explained = explainer.explain(taught.info, photo, "tulip")
    assert explained.species == "tulip"
    assert explained.heat.shape == (224, 224)
    assert 0.0 <= explained.heat.min() <= explained.heat.max() <= 1.0
    # scaled to 256×512, of which the network sees 224×224 in the middle
    assert explained.seen.left == pytest.approx(16 / 256)
    assert explained.seen.top == pytest.approx(144 / 512)
    assert explained.seen.width == pytest.approx(224 / 256)
    assert explained.seen.height == pytest.approx(224 / 512)
    assert explained.neighbours is not None
    assert len(explained.neighbours) == NEIGHBOURS
    likenesses = [one.likeness for one in explained.neighbours]
    assert likenesses == sorted(likenesses, reverse=True)
    assert all(one.path.parent == garden / one.species for one in explained.neighbours)
    assert explained.lost == 0
    confidences = [score.confidence for score in explained.ranking]
    assert confidences == sorted(confidences, reverse=True)


def test_a_taught_photo_is_not_its_own_neighbour(
    explainer: Explainer, taught_home: tuple[Home, Taught, Path], tmp_path: Path
) -> None:
    _, taught, garden = taught_home
    photo = min((garden / "rose").iterdir())
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(photo.read_bytes())
    explained = explainer.explain(taught.info, copy, "rose")
    assert explained.neighbours is not None
    assert photo not in {one.path for one in explained.neighbours}


def test_a_species_that_it_does_not_know_gives_way_to_its_guess(
    explainer: Explainer, taught_home: tuple[Home, Taught, Path]
) -> None:
    _, taught, garden = taught_home
    explained = explainer.explain(taught.info, min((garden / "rose").iterdir()), "bluebell 'Spring'")
    assert explained.species == explained.ranking[0].species
    assert explained.species in SPECIES


def test_taught_photos_that_have_gone_are_counted_and_left_out(
    explainer: Explainer, taught_home: tuple[Home, Taught, Path], tmp_path: Path
) -> None:
    _, taught, _garden = taught_home
    photo = save_photo(tmp_path / "new.jpg", draw("daisy", 77, size=(96, 72)))
    before = explainer.explain(taught.info, photo, "daisy").neighbours
    assert before is not None
    nearest = before[0].path
    away = nearest.rename(tmp_path / "elsewhere.jpg")
    after = explainer.explain(taught.info, photo, "daisy")
    away.rename(nearest)
    assert after.lost == 1
    assert after.neighbours is not None
    assert nearest not in {one.path for one in after.neighbours}
    assert after.neighbours[0] == before[1]


def test_a_model_without_what_it_was_taught_on_has_no_neighbours(
    explainer: Explainer, taught_home: tuple[Home, Taught, Path], tmp_path: Path
) -> None:
    home, taught, garden = taught_home
    folder = export_model(home, taught.info.name, tmp_path / "exported", include_teaching=False)
    photo = min((garden / "rose").iterdir())
    assert explainer.explain(read_info(folder), photo, "rose").neighbours is None


def test_species_are_called_as_where_it_was_asked(
    explainer: Explainer, taught_home: tuple[Home, Taught, Path]
) -> None:
    """The built-in model speaks the gardener's language, and folders that are there give their names."""
    _, taught, garden = taught_home
    here = tuple(f"My {name}" for name in taught.info.species)
    photo = min((garden / "rose").iterdir())
    own = explainer.explain(taught.info, photo, "tulip")
    explained = explainer.explain(replace(taught.info, species=here), photo, "My tulip")
    assert explained.species == "My tulip"
    assert np.array_equal(explained.heat, own.heat)
    assert [one.species for one in explained.ranking] == [f"My {one.species}" for one in own.ranking]
    assert explained.neighbours is not None
    assert all(one.species == f"My {one.path.parent.name}" for one in explained.neighbours)


@pytest.mark.parametrize("came_with_the_program", [False, True])
def test_photos_that_never_were_here_are_not_said_to_be_gone(
    taught_home: tuple[Home, Taught, Path],
    random_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    came_with_the_program: bool,
) -> None:
    _, taught, garden = taught_home
    monkeypatch.setattr(explain, "builtin_model", lambda: taught.info.path if came_with_the_program else None)
    elsewhere = home_in(tmp_path / "another home")
    elsewhere.make()
    explainer = Explainer(elsewhere, lambda: Settings(weights_file=str(random_weights)))
    explained = explainer.explain(taught.info, min((garden / "rose").iterdir()), "rose")
    explainer.close()
    if came_with_the_program:
        assert (explained.neighbours, explained.lost) == (None, 0)
    else:
        assert explained.neighbours == ()
        assert explained.lost


def test_a_model_of_two_views_is_explained_by_both(
    explainer: Explainer, taught_home: tuple[Home, Taught, Path], random_weights: Path
) -> None:
    """The ranking is that of sorting, for which the model takes the mean over its views."""
    home, _, garden = taught_home
    settings = Settings(weights_file=str(random_weights))
    twice = teach(home, settings, TeachRequest(garden, "twice", device="cpu", views=2))
    kept = read_teaching(twice.info.path)
    assert kept is not None
    photo = min((garden / "rose").iterdir())
    place = kept.digests.index(hashlib.sha256(photo.read_bytes()).hexdigest())
    explained = explainer.explain(twice.info, photo, "rose")
    sorted_by = ranking_of(read_model(twice.info.path).head, kept.features[place].astype(np.float32))
    confidences = {score.species: score.confidence for score in explained.ranking}
    assert confidences == pytest.approx({one.species: one.confidence for one in sorted_by}, abs=0.02)
    assert explained.heat.shape == (224, 224)


def test_what_cannot_be_read_is_refused_with_its_reason(
    explainer: Explainer, taught_home: tuple[Home, Taught, Path], tmp_path: Path
) -> None:
    photo = tmp_path / "rose.jpg"
    photo.write_bytes(b"petals")
    with pytest.raises(Refused) as refusal:
        explainer.explain(taught_home[1].info, photo, "rose")
    assert refusal.value.reason.code is Code.NOT_A_PICTURE


def test_after_closing_there_is_no_explanation_but_a_reason(
    taught_home: tuple[Home, Taught, Path], random_weights: Path
) -> None:
    home, taught, garden = taught_home
    explainer = Explainer(home, lambda: Settings(weights_file=str(random_weights)))
    explainer.close()
    with pytest.raises(Refused) as refusal:
        explainer.explain(taught.info, min((garden / "rose").iterdir()), "rose")
    assert refusal.value.reason.code is Code.CANCELLED
