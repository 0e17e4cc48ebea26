"""Figures on labelled photos: what was taught is left out and counted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image
from support.pictures import SPECIES, draw_flower, draw_library, save_photo
from support.reading import HerePool

from flowersorter.jobs import reading
from flowersorter.jobs.evaluate import Evaluation, evaluate
from flowersorter.jobs.teach import TeachRequest, teach
from flowersorter.paths import Home, home_in
from flowersorter.progress import Cancelled, silent
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings

SETTINGS = Settings(model="garden")
TAUGHT = 8  # photos of each species


@pytest.fixture(autouse=True)
def decode_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PicturePool", HerePool)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, random_weights: Path) -> tuple[Home, Path]:
    """A home with a model, and the folder that it was taught from."""
    folder = tmp_path_factory.mktemp("evaluate")
    home = home_in(folder / "home")
    home.make()
    draw_library(folder / "garden", TAUGHT, size=(96, 72))
    settings = Settings(weights_file=str(random_weights))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "PicturePool", HerePool)
        teach(home, settings, TeachRequest(folder / "garden", device="cpu"))
    return home, folder / "garden"


def figures(home: Home, folder: Path, max_wrong: float = 50.0) -> Evaluation:
    return evaluate(home, SETTINGS, folder, None, max_wrong)


def fresh(folder: Path, species: str, seeds: range, label: str | None = None) -> None:
    for seed in seeds:
        save_photo(folder / (label or species) / f"{seed}.jpg", draw_flower(species, seed, size=(96, 72)))


def test_new_photos_are_counted(taught: tuple[Home, Path], tmp_path: Path) -> None:
    for species in SPECIES:
        fresh(tmp_path, species, range(100, 104))
    found = figures(taught[0], tmp_path)
    assert (found.model, found.photos, found.seen_in_training) == ("garden", 20, 0)
    assert found.species == tuple(sorted(SPECIES))
    assert sum(map(sum, found.confusion)) == 20
    assert found.accuracy is not None
    assert found.accuracy > 0.5
    assert found.interval is not None
    assert found.interval[0] <= found.accuracy <= found.interval[1]
    assert found.top3 is not None
    assert found.top3 >= found.accuracy
    assert 0 < found.filed <= 20
    assert found.filed_wrong <= 20 - round(found.accuracy * 20)
    assert not found.unknown_labels


def test_what_was_taught_is_left_out_even_under_another_name_or_with_other_metadata(
    taught: tuple[Home, Path], tmp_path: Path
) -> None:
    home, garden = taught
    fresh(tmp_path, "rose", range(200, 203))
    shutil.copy(garden / "rose" / "rose_000.jpg", tmp_path / "rose" / "renamed.jpg")
    with Image.open(garden / "rose" / "rose_001.jpg") as image:
        edited = tmp_path / "rose" / "edited.jpg"
        image.save(edited, quality="keep", comment="edited elsewhere")
    assert edited.read_bytes() != (garden / "rose" / "rose_001.jpg").read_bytes()
    found = figures(home, tmp_path)
    assert (found.photos, found.seen_in_training) == (3, 2)


def test_the_taught_folder_itself_leaves_nothing_to_ask(taught: tuple[Home, Path]) -> None:
    found = figures(*taught)
    assert (found.photos, found.seen_in_training) == (0, TAUGHT * len(SPECIES))
    assert found.accuracy is found.interval is found.top3 is None


def test_strangers_are_named_and_can_only_be_filed_wrongly(taught: tuple[Home, Path], tmp_path: Path) -> None:
    fresh(tmp_path, "rose", range(300, 303))
    fresh(tmp_path, "tulip", range(300, 304), label="Orchid")
    found = figures(taught[0], tmp_path)
    assert found.unknown_labels == ("Orchid",)
    assert found.photos == 7
    assert sum(map(sum, found.confusion)) == 3
    only = tmp_path / "only"
    shutil.copytree(tmp_path / "Orchid", only / "Orchid")
    strangers = figures(taught[0], only)
    assert strangers.filed == strangers.filed_wrong > 0
    assert strangers.accuracy is None


def test_labels_match_whatever_their_capitals(taught: tuple[Home, Path], tmp_path: Path) -> None:
    """Promise 11."""
    fresh(tmp_path, "rose", range(400, 402), label="ROSE")
    found = figures(taught[0], tmp_path)
    assert not found.unknown_labels
    assert sum(found.confusion[found.species.index("rose")]) == 2


def test_a_promise_that_cannot_be_kept_files_nothing(taught: tuple[Home, Path], tmp_path: Path) -> None:
    fresh(tmp_path, "rose", range(500, 503))
    assert figures(taught[0], tmp_path, max_wrong=0.5).filed == 0


def test_nothing_is_changed_and_unreadable_photos_are_listed(
    taught: tuple[Home, Path], tmp_path: Path
) -> None:
    fresh(tmp_path, "rose", range(600, 602))
    (tmp_path / "rose" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*")}
    found = figures(taught[0], tmp_path)
    assert [left.reason.code for left in found.skipped] == [Code.UNREADABLE]
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*")} == before


def test_refusals_and_cancelling(taught: tuple[Home, Path], tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        evaluate(taught[0], SETTINGS, tmp_path, None, 2.0, silent)
    assert refused.value.reason.code is Code.NO_PHOTOS
    fresh(tmp_path, "rose", range(700, 701))
    with pytest.raises(Refused) as refused:
        evaluate(taught[0], SETTINGS, tmp_path, "unknown model", 2.0, silent)
    assert refused.value.reason.code is Code.MODEL_NOT_FOUND

    def cancel(event: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        evaluate(taught[0], SETTINGS, tmp_path, None, 2.0, cancel)


def test_labels_match_in_any_language_and_a_cultivar_is_no_label_of_its_species(
    taught: tuple[Home, Path], tmp_path: Path
) -> None:
    """The model was taught "daisy", "rose" ...; the folders are in German and botanical."""
    fresh(tmp_path, "daisy", range(800, 802), label="Leucanthemum vulgare")
    fresh(tmp_path, "daisy", range(802, 803), label="Margerite")
    fresh(tmp_path, "sunflower", range(800, 802), label="Sonnenblume")
    fresh(tmp_path, "rose", range(800, 801), label="Rosa 'Peace'")
    found = figures(taught[0], tmp_path)
    assert found.unknown_labels == ("Rosa 'Peace'",)
    rows = dict(zip(found.species, map(sum, found.confusion), strict=True))
    assert (rows["daisy"], rows["sunflower"], rows["rose"]) == (3, 2, 0)
