"""The model that comes with the program: whole, small, and of use in the first minute."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.commands import Command
from support.labels import digest_of
from support.pictures import draw_library

from flowersorter.jobs.beside import beside, open_known, reported_of
from flowersorter.jobs.correct import correct
from flowersorter.jobs.engine import open_recogniser
from flowersorter.jobs.models import builtin_info, find_model, list_models, taught_digests
from flowersorter.jobs.saving import Origin, save_version
from flowersorter.learning.bundle import ModelInfo, read_answers, read_model, read_teaching
from flowersorter.learning.calibrate import threshold
from flowersorter.learning.evaluate import validate
from flowersorter.learning.feature_store import FeatureStore
from flowersorter.learning.fitting import Examples
from flowersorter.learning.lesson import Lesson, learn_head
from flowersorter.learning.split import fold_of
from flowersorter.paths import Home
from flowersorter.progress import silent
from flowersorter.settings import Settings
from flowersorter.species_names import all_species, same_species

MOST_BYTES = 25_000_000


@pytest.fixture
def builtin() -> ModelInfo:
    info = builtin_info()
    assert info is not None
    return info


def test_it_is_small_and_complete(builtin: ModelInfo) -> None:
    files = [path for path in builtin.path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert {"manifest.json", "backbone.safetensors", "README.md", "species.json"} <= {
        path.name for path in files
    }
    read_model(builtin.path)
    assert read_answers(builtin.path) is not None


def test_every_species_has_its_names(builtin: ModelInfo) -> None:
    found = [same_species(label) for label in builtin.species]
    assert None not in found
    assert len(set(found)) == len(builtin.species) == len(all_species())


def test_its_figures_are_those_of_its_card(builtin: ModelInfo) -> None:
    figures = json.loads((builtin.path / "figures.json").read_text("utf-8"))
    model = read_model(builtin.path)
    parts = figures["validation"].values()
    right = sum(part["top1"] * part["photos"] for part in parts)
    assert right / sum(part["photos"] for part in parts) == pytest.approx(builtin.accuracy)
    assert model.figures["photos"] == sum(part["photos"] for part in parts)
    card = (builtin.path / "README.md").read_text("utf-8")
    for one in figures["filed"]:
        assert f"| {one['promised']:g} | {one['filed']} | {one['wrong']}" in card


def test_it_files_something_for_two_wrong_in_a_hundred(builtin: ModelInfo) -> None:
    assert threshold(read_model(builtin.path).calibration, 2.0).value is not None


def test_it_knows_what_taught_it(builtin: ModelInfo) -> None:
    teaching = read_teaching(builtin.path)
    assert teaching is not None
    assert len(taught_digests(builtin)) >= builtin.photos - 20  # some photos are there twice
    assert np.isfinite(teaching.features).all()
    assert set(teaching.labels.tolist()) == set(range(len(builtin.species)))


def test_the_first_start_needs_nothing(command: Command, tmp_path: Path) -> None:
    """No settings, no weights, nothing taught: a folder is classified, and nothing is moved."""
    draw_library(tmp_path / "photos", 2)
    before = sorted(tmp_path.joinpath("photos").rglob("*"))
    done = command("sort", tmp_path / "photos", "--recursive", "--dry-run").json
    assert done["model"] == "Garden flowers"
    assert done["dry_run"]
    assert done["found"] == 10
    assert sorted(tmp_path.joinpath("photos").rglob("*")) == before


def test_it_names_real_flowers(command: Command, real_photos: Path, tmp_path: Path) -> None:
    """No figure, for some of these photos taught it; but the whole way works, from a file to its name."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for species in sorted((real_photos / "native").iterdir()):
        for number, path in enumerate(sorted(species.iterdir())[:5]):
            shutil.copy(path, photos / f"{species.name}-{number}{path.suffix}")
    done = command("sort", photos, "--dry-run", "--max-wrong", "5").json
    named = {Path(photo["source"]).name: photo["species"] for photo in done["photos"] if photo["species"]}
    assert len(named) >= 10
    right = [same_species(file.partition("-")[0]) == same_species(species) for file, species in named.items()]
    assert sum(right) >= 0.9 * len(right)


def test_it_speaks_german(home: Home, builtin: ModelInfo) -> None:
    opened = open_recogniser(home, Settings(flower_names="german"), None, "cpu")
    assert "Löwenzahn" in " ".join(opened.info.species)
    assert len(set(opened.info.species)) == len(builtin.species)


def test_its_species_can_be_kept_beside_new_ones(home: Home, builtin: ModelInfo) -> None:
    known = open_known(home, Settings(flower_names="english"), builtin.name, ("sunflower", "my dahlia"))
    assert "sunflower" in known.species
    assert len(set(known.species)) == len(builtin.species)


def test_own_species_join_it(command: Command, builtin: ModelInfo, tmp_path: Path) -> None:
    """Five drawn species: four are known by other names, one is new. Afterwards the new model sorts."""
    draw_library(tmp_path / "own", 6, size=(96, 72))
    taught = command("teach", tmp_path / "own", "--name", "mine", "--beside", builtin.name).json
    assert len(taught["classes"]) == len(builtin.species) + 1
    assert {"bluebell", "daisy", "rose", "sunflower", "tulip"} <= set(taught["classes"])
    assert "Oxeye daisy" not in taught["classes"]
    assert taught["base"] == "builtin"
    assert sum(map(sum, taught["validation"]["confusion"])) == taught["validation"]["photos"] <= 30
    done = command("sort", tmp_path / "own", "--recursive", "--dry-run").json
    assert done["model"] == "mine"


def test_what_it_learns_from_corrections_stands_in_its_place(
    command: Command, home: Home, builtin: ModelInfo, tmp_path: Path
) -> None:
    draw_library(tmp_path / "photos", 2, size=(96, 72))
    sorted_once = command("sort", tmp_path / "photos", "--recursive", "--albums", "--dry-run").json
    digests = [
        hashlib.sha256(Path(photo["source"]).read_bytes()).hexdigest() for photo in sorted_once["photos"]
    ]
    corrected = correct(home, Settings(), None, dict.fromkeys(digests[:3], "my own flower"))
    assert corrected.unseen == ()
    assert corrected.info.name == builtin.name
    assert "my own flower" in corrected.info.species
    assert [one["name"] for one in command("models", "list").json] == [builtin.name]
    command("models", "remove", builtin.name)
    assert builtin_info() == builtin
    assert command("sort", tmp_path / "photos", "--dry-run").json["model"] == builtin.name


def test_figures_beside_what_grew_from_it_are_true(home: Home, builtin: ModelInfo) -> None:
    """The labels are dice, so 25 in 100 is luck: nothing that learned these photos may judge them."""
    dice = np.random.default_rng(0)
    carried = read_teaching(builtin.path)
    assert carried is not None
    # photos unlike the built-in species, so that the four own ones alone are in question
    mean = carried.features.astype(np.float32).mean(axis=0)[dice.permutation(512)]
    features = np.abs(mean * dice.lognormal(0, 0.5, (120, 512))).astype(np.float16).astype(np.float32)
    species = ("own A", "own B", "own C", "own D")
    digests = tuple(digest_of(number) for number in range(120))
    paths = tuple(Path(f"{number}.jpg") for number in range(120))
    folds = np.array([fold_of(digest) for digest in digests])
    own = Lesson(
        paths, digests, Examples(features, dice.integers(0, 4, 120), species), digests, folds, given=False
    )
    for name in (builtin.name, "mine"):
        with FeatureStore(home.features_file) as store:
            lesson = beside(own, open_known(home, Settings(), name, species), store)
        learned = reported_of(own, learn_head(lesson, silent))
        accuracy = validate(learned.reported, lesson.examples.species).accuracy
        assert accuracy is not None
        assert accuracy < 0.4
        origin = Origin("mine", "head", "builtin", builtin.backbone_sha256, builtin.feature_space)
        save_version(home, Settings(), origin, lesson, learned)


def test_a_correction_that_makes_it_clearly_worse_is_not_used(home: Home, builtin: ModelInfo) -> None:
    """Promise 20: it would be, as the only version of that name in the library."""
    teaching = read_teaching(builtin.path)
    assert teaching is not None
    wrong = {
        digest: builtin.species[(int(label) + 1) % len(builtin.species)]
        for digest, label in list(zip(teaching.digests, teaching.labels, strict=True))[:900:3]
    }
    corrected = correct(home, Settings(), builtin.name, wrong)
    assert not corrected.in_force
    assert find_model(home, Settings(), builtin.name) == builtin
    assert builtin in list_models(home)
