"""Teaching: honest figures, nothing half-written, and the earlier model stays in force (promise 20)."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.pictures import SPECIES, draw_flower, draw_library, save_photo
from support.reading import HerePool

from flowersorter.jobs import reading, saving
from flowersorter.jobs import teach as teaching
from flowersorter.jobs.engine import open_recogniser
from flowersorter.jobs.models import find_model, go_back, list_models, list_versions, use_version
from flowersorter.jobs.teach import TeachingStarted, TeachRequest, inspect, teach
from flowersorter.jobs.versions import CURRENT
from flowersorter.learning import compare, recipe
from flowersorter.learning.bundle import read_model, read_teaching
from flowersorter.learning.evaluate import Epoch
from flowersorter.paths import Home
from flowersorter.pictures.pool import PicturePool
from flowersorter.progress import Cancelled, Progress, Report, Stage, silent
from flowersorter.records import Code, Left, Refused
from flowersorter.settings import Settings

pytestmark = pytest.mark.usefixtures("no_builtin_model")

POOLS: list[HerePool] = []


@pytest.fixture(autouse=True)
def decode_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No child processes: they are the pictures room's to test, and the last test here uses them."""

    def pool() -> HerePool:
        POOLS.append(HerePool())
        return POOLS[-1]

    monkeypatch.setattr(reading, "PicturePool", pool)
    yield
    POOLS.clear()


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five species with six photos each."""
    folder = tmp_path_factory.mktemp("garden") / "My garden"
    draw_library(folder, 6, size=(96, 72))
    return folder


@pytest.fixture(autouse=True)
def two_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe.learn_by_recipe, "__defaults__", (2,))


@pytest.fixture
def settings(random_weights: Path) -> Settings:
    return Settings(weights_file=str(random_weights))


@pytest.fixture
def run(home: Home, settings: Settings, garden: Path) -> Callable[..., teaching.Taught]:
    def call(report: Report = silent, **changes: object) -> teaching.Taught:
        request = TeachRequest(**{"folder": garden, "device": "cpu", **changes})  # type: ignore[arg-type]
        return teach(home, settings, request, report)

    return call


Run = Callable[..., teaching.Taught]


def everything_in(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_raw_and_jpeg_of_one_shot_are_one_photo(garden: Path, tmp_path: Path) -> None:
    """Twice taught it would count twice, and stand on both sides of a split."""
    copy = shutil.copytree(garden, tmp_path / "with raw")
    jpeg = min((copy / "rose").iterdir())
    shutil.copy2(jpeg, jpeg.with_suffix(".dng"))
    assert len(inspect(copy).photos) == len(inspect(garden).photos)


def test_photos_that_cannot_be_tested_are_counted_of_the_folder_alone(
    run: Run, garden: Path, tmp_path: Path
) -> None:
    """Of a model that is kept beside it, other photos could not be tested: they are not the gardener's."""
    first = shutil.copytree(garden, tmp_path / "first")
    save_photo(first / "orchid" / "only.jpg", draw_flower("daisy", 901, (96, 72)))
    assert run(folder=first, name="first").untested == 1
    for species in ("rose", "tulip"):
        for seed in range(910, 918):
            save_photo(tmp_path / "own" / species / f"{seed}.jpg", draw_flower(species, seed, (96, 72)))
    mine = run(folder=tmp_path / "own", name="mine", beside="first")
    assert "orchid" in mine.info.species
    assert mine.untested == 0


def test_a_model_is_taught_and_saved(run: Run, home: Home, settings: Settings) -> None:
    events: list[object] = []
    taught = run(events.append)
    assert taught.info == find_model(home, settings, "my garden")
    assert taught.info.species == tuple(sorted(SPECIES))
    assert (taught.info.photos, taught.info.method, taught.info.base_id) == (30, "head", "file")
    assert taught.validation.photos == len(taught.answers) > 20
    assert sum(map(sum, taught.validation.confusion)) == taught.validation.photos
    assert taught.validation.accuracy == taught.info.accuracy
    assert taught.validation.accuracy is not None
    assert taught.validation.accuracy > 0.5  # one in five would be luck
    assert taught.device == "cpu"
    assert [event for event in events if isinstance(event, Epoch)] == list(taught.epochs)
    started = next(event for event in events if isinstance(event, TeachingStarted))
    assert (started.photos, started.species) == (30, taught.info.species)
    stages = {event.stage for event in events if isinstance(event, Progress)}
    assert {Stage.READING, Stage.TRAINING, Stage.SAVING} <= stages


def test_the_model_file_holds_what_it_was_taught_on(run: Run, garden: Path) -> None:
    taught = run()
    kept = read_teaching(taught.info.path)
    assert kept is not None
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in garden.glob("*/*.jpg")}
    assert set(kept.digests) == digests
    model = read_model(taught.info.path)
    assert len(model.calibration.confidence) == len(taught.answers)
    assert model.figures["accuracy"] == taught.validation.accuracy


def test_a_model_of_two_views_sees_each_photo_twice(run: Run, home: Home, settings: Settings) -> None:
    """The taught features are the means over both views, and sorting is told by the feature space."""
    once, twice = run(name="once"), run(name="twice", views=2)
    kept, kept_twice = read_teaching(once.info.path), read_teaching(twice.info.path)
    assert kept is not None
    assert kept_twice is not None
    assert kept.digests == kept_twice.digests
    assert not np.array_equal(kept.features, kept_twice.features)
    assert twice.validation.photos == once.validation.photos
    assert [open_recogniser(home, settings, name, "cpu").views for name in ("once", "twice")] == [1, 2]


@pytest.mark.parametrize("changes", [{"views": 0}, {"views": 4}, {"views": 2, "method": "recipe"}])
def test_a_number_of_views_that_there_is_not_is_refused(run: Run, changes: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        run(**changes)
    assert refused.value.reason.code is Code.BAD_ARGUMENT


def test_teaching_again_decodes_nothing_and_gives_the_same_model(run: Run) -> None:
    first, second = run(), run()
    assert [len(pool.decoded) for pool in POOLS] == [30, 0]
    assert (first.info.version, second.info.version) == (1, 2)
    assert first.info.path.is_dir()
    assert second.answers == first.answers
    parts = [(taught.info.path / "head.safetensors").read_bytes() for taught in (first, second)]
    assert parts[0] == parts[1]


def test_unreadable_photos_are_listed_and_streamed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    for species in SPECIES[:3]:
        for seed in range(4):
            save_photo(folder / species / f"{seed}.jpg", draw_flower(species, seed, size=(96, 72)))
    (folder / SPECIES[0] / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    (folder / SPECIES[0] / "text.png").write_text("no picture")
    (folder / SPECIES[1] / "notes.txt").write_text("a stray")
    save_photo(folder / "lonely" / "1.jpg", draw_flower("rose", 9, size=(96, 72)))
    before = everything_in(folder)
    events: list[object] = []
    taught = run(events.append, folder=folder)
    skipped = {left.path.name: left.reason.code for left in taught.skipped}
    assert skipped == {
        "broken.jpg": Code.UNREADABLE,
        "text.png": Code.NOT_A_PICTURE,
        "notes.txt": Code.STRAY_FILE,
        "lonely": Code.TOO_FEW_PHOTOS,
    }
    assert {event.path.name for event in events if isinstance(event, Left)} == {"broken.jpg", "text.png"}
    assert taught.info.photos == 13
    assert "lonely" in taught.info.species
    assert everything_in(folder) == before


def test_inspecting_lists_problems_before_anything_is_taught(tmp_path: Path) -> None:
    for species in SPECIES[:2]:
        save_photo(tmp_path / species / "1.jpg", draw_flower(species, 1, size=(96, 72)))
    (tmp_path / "empty").mkdir()
    labelled = inspect(tmp_path)
    assert len(labelled.photos) == 2
    codes = [left.reason.code for left in labelled.problems]
    assert sorted(codes) == [Code.EMPTY_FOLDER, Code.TOO_FEW_PHOTOS, Code.TOO_FEW_PHOTOS]


def test_only_one_readable_species_is_refused(run: Run, tmp_path: Path, home: Home) -> None:
    save_photo(tmp_path / "rose" / "1.jpg", draw_flower("rose", 1, size=(96, 72)))
    (tmp_path / "tulip").mkdir()
    (tmp_path / "tulip" / "1.jpg").write_bytes(b"\xff\xd8\xff no picture")
    with pytest.raises(Refused) as refused:
        run(folder=tmp_path)
    assert refused.value.reason.code is Code.ONE_SPECIES
    assert list_models(home) == []


def test_a_folder_name_that_is_not_utf8_gives_a_name_that_can_be_shown(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"ros\xe9s")
    for species in SPECIES[:2]:
        for seed in range(2):
            save_photo(folder / species / f"{seed}.jpg", draw_flower(species, seed, size=(96, 72)))
    assert run(folder=folder).info.name == "ros\N{REPLACEMENT CHARACTER}s"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"base": "imagenet"}, Code.NO_WEIGHTS),
        ({"base": "/nowhere.pth"}, Code.WEIGHTS_NOT_FOUND),
        ({"name": "a/b"}, Code.BAD_NAME),
        ({"method": "guess"}, Code.BAD_ARGUMENT),
        ({"layers": 3}, Code.BAD_ARGUMENT),
        ({"device": "abacus"}, Code.DEVICE_UNUSABLE),
        ({"folder": Path("/nowhere")}, Code.NOT_A_FOLDER),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_photo_is_read(
    run: Run, home: Home, changes: dict[str, object], code: Code
) -> None:
    with pytest.raises(Refused) as refused:
        run(**changes)
    assert refused.value.reason.code is code
    assert not POOLS
    assert not home.models.exists()


def test_cancelling_leaves_the_earlier_model_in_force(run: Run, home: Home, settings: Settings) -> None:
    """Promise 16, at every stage."""
    earlier = run().info
    before = everything_in(home.models)
    stages = [Stage.SCANNING, Stage.STARTING, Stage.READING, Stage.TRAINING, Stage.SAVING]
    for stage, method in [*((stage, "head") for stage in stages), (Stage.TRAINING, "recipe")]:
        with pytest.raises(Cancelled):
            run(cancel_at(stage), method=method)
        assert everything_in(home.models) == before
    assert find_model(home, settings, "my garden") == earlier


def cancel_at(stage: Stage) -> Report:
    def report(event: object) -> None:
        if isinstance(event, Progress) and event.stage is stage:
            raise Cancelled

    return report


def test_a_full_disk_leaves_the_earlier_model_in_force(
    run: Run, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = run().info
    before = everything_in(home.models)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Refused) as refused:
            run()
    assert refused.value.reason.code is Code.DISK_FULL
    assert everything_in(home.models) == before
    assert run().info.version == earlier.version + 1


def test_the_plain_recipe_is_a_model_like_any_other(run: Run) -> None:
    taught = run(method="recipe")
    assert taught.info.method == "recipe"
    assert len(taught.epochs) == 2
    assert 0 < taught.validation.photos < 30
    assert {answer.path for answer in taught.answers} <= set(POOLS[-1].decoded)
    model = read_model(taught.info.path)
    assert not model.head.root
    assert len(model.calibration.confidence) == taught.validation.photos


def test_a_split_that_people_made_is_the_one_that_is_reported(run: Run, tmp_path: Path) -> None:
    for species in SPECIES[:2]:
        for seed in range(6):
            part = "val" if seed < 2 else "train"
            save_photo(tmp_path / part / species / f"{seed}.jpg", draw_flower(species, seed, size=(96, 72)))
    taught = run(folder=tmp_path, name="split")
    assert taught.validation.photos == 4
    assert {answer.path.parent.parent.name for answer in taught.answers} == {"val"}


def test_through_child_processes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PicturePool", PicturePool)
    assert run().info.photos == 30


@pytest.mark.photos
def test_a_handful_of_real_photos_with_imagenet(
    run: Run, real_photos: Path, real_weights: Path, tmp_path: Path
) -> None:
    for species in ("daisy", "tulip", "sunflower"):
        (tmp_path / species).mkdir()
        for photo in sorted((real_photos / "five-flowers" / species).iterdir())[:12]:
            (tmp_path / species / photo.name).write_bytes(photo.read_bytes())
    taught = run(folder=tmp_path, name="real", base=str(real_weights))
    assert taught.validation.accuracy is not None
    assert taught.validation.accuracy > 0.6


def test_a_model_taught_again_is_compared_and_taken(run: Run, home: Home) -> None:
    first = run()
    assert first.comparison is None
    second = run()
    assert second.comparison is not None
    assert second.comparison.earlier == first.info
    assert second.comparison.photos == len(second.answers)
    assert (second.comparison.now_right, second.comparison.now_wrong) == ((), ())
    assert second.comparison.taken
    assert find_model(home, Settings(), "my garden") == second.info


def test_a_new_name_is_compared_with_the_model_in_use(
    home: Home, settings: Settings, garden: Path, run: Run
) -> None:
    first = run()
    request = TeachRequest(garden, "another", device="cpu")
    taught = teach(home, replace(settings, model=first.info.name), request)
    assert taught.comparison is not None
    assert taught.comparison.earlier == first.info


def test_a_worse_model_is_saved_and_not_put_in_force(
    run: Run, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 20; going back and forth is one call each."""
    first = run()
    monkeypatch.setattr(compare, "_interval", lambda *_arguments: (-0.3, -0.1))
    second = run()
    assert not second.in_force
    assert find_model(home, Settings(), "my garden") == first.info
    assert list_models(home) == [first.info]
    assert [info.version for info in list_versions(home, "my garden")] == [2, 1]
    use_version(home, "my garden", 2)
    assert find_model(home, Settings(), "my garden") == second.info
    assert go_back(home, "my garden") == first.info
    with pytest.raises(Refused) as refused:
        go_back(home, "my garden")
    assert refused.value.reason.code is Code.MODEL_NOT_FOUND


@pytest.mark.parametrize("failing", ["write_model", "put_in_force"])
def test_a_disk_that_fills_during_the_switch_keeps_the_earlier_one_in_force(
    run: Run, home: Home, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """Promise 20; a kill at the same place leaves the same files. No mark says which one is in force."""
    first = run()
    (first.info.path.parent / CURRENT).unlink()

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(saving, failing, full)
    with pytest.raises(Refused) as refused:
        run()
    assert refused.value.reason.code is Code.DISK_FULL
    assert find_model(home, Settings(), "my garden") == first.info


@pytest.mark.parametrize("damage", [b"", b"{}"])
def test_a_damaged_earlier_model_holds_up_nothing(run: Run, home: Home, damage: bytes) -> None:
    first = run().info
    (first.path / "answers.safetensors").write_bytes(damage)
    second = run()
    assert second.comparison is None
    assert find_model(home, Settings(), "my garden") == second.info


def test_photos_that_the_layers_have_learned_are_in_no_figure(
    run: Run, garden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = sorted(garden.glob("*/*.jpg"))
    learned = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in photos[::2]}
    monkeypatch.setattr(teaching, "learned_by_layers", lambda _backbone: frozenset(learned))
    taught = run()
    assert taught.answers
    assert {answer.path for answer in taught.answers}.isdisjoint(learned.values())
    assert taught.info.photos == 30  # they teach all the same
