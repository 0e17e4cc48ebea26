"""Clean the teacher: what is found is true, and putting it right can be undone (promises 1, 7, 8, 10)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.pictures import draw_flower, draw_library, save_photo
from support.reading import HerePool
from support.trees import contents, tree

from flowersorter.jobs import clean, history, reading
from flowersorter.jobs.clean import Change, Checked, look_for_suspects
from flowersorter.learning.suspects import Finding, Kind
from flowersorter.paths import Home
from flowersorter.progress import Cancelled, Progress
from flowersorter.records import Code, Refused, Status
from flowersorter.settings import Settings


@pytest.fixture(autouse=True)
def decode_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No child processes: they are the pictures room's to test."""
    monkeypatch.setattr(reading, "PicturePool", HerePool)


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """Five species; a sunflower among the bluebells, a rose that is a tulip, too, and a daisy twice."""
    folder = tmp_path / "photos" / "garden"
    draw_library(folder, 8, size=(96, 72))
    save_photo(folder / "bluebell" / "wrong.jpg", draw_flower("sunflower", 90, (96, 72)))
    shutil.copy2(folder / "rose" / "rose_001.jpg", folder / "tulip" / "both.jpg")
    shutil.copy2(folder / "daisy" / "daisy_001.jpg", folder / "daisy" / "again.jpg")
    (folder / "bluebell" / "wrong.xmp").write_text("<x:xmpmeta/>", "utf-8")
    return folder


@pytest.fixture
def settings(random_weights: Path) -> Settings:
    return Settings(weights_file=str(random_weights), device="cpu")


def of_kind(checked: Checked, kind: Kind) -> list[Finding]:
    return [finding for finding in checked.findings if finding.kind is kind]


def change(finding: Finding, place: int, species: str | None) -> Change:
    photo = finding.photos[place]
    return Change(photo.path, photo.digest, photo.species, species)


def test_it_finds_what_is_wrong_and_changes_nothing(home: Home, settings: Settings, garden: Path) -> None:
    before = tree(garden)
    checked = look_for_suspects(home, settings, garden)
    assert tree(garden) == before
    assert checked.photos == 43
    assert checked.findings[0].kind is Kind.TWO_SPECIES
    assert {one.path.name for one in checked.findings[0].photos} == {"rose_001.jpg", "both.jpg"}
    assert {one.photos[0].path.name for one in of_kind(checked, Kind.MISFILED)} >= {"wrong.jpg"}
    (twins,) = of_kind(checked, Kind.TWIN)
    assert {one.path.name for one in twins.photos} == {"daisy_001.jpg", "again.jpg"}
    assert look_for_suspects(home, settings, garden) == checked


def test_a_raw_beside_its_jpeg_is_no_twin(home: Home, settings: Settings, garden: Path) -> None:
    shutil.copy2(garden / "rose" / "rose_002.jpg", garden / "rose" / "rose_002.dng")
    checked = look_for_suspects(home, settings, garden)
    paths = {one.path.name for finding in checked.findings for one in finding.photos}
    assert "rose_002.dng" not in paths


def test_what_is_right_is_not_shown_again(home: Home, settings: Settings, garden: Path) -> None:
    checked = look_for_suspects(home, settings, garden)
    clean.settle(home, checked.findings)
    assert look_for_suspects(home, settings, garden).findings == ()
    clean.settle(home, checked.findings, right=False)
    assert look_for_suspects(home, settings, garden) == checked


def test_the_plan_is_what_happens_and_undo_takes_it_back(
    home: Home, settings: Settings, garden: Path
) -> None:
    checked = look_for_suspects(home, settings, garden)
    before, photos = tree(garden.parent), contents(garden.parent)
    (wrong,) = [one for one in of_kind(checked, Kind.MISFILED) if one.photos[0].path.name == "wrong.jpg"]
    (twins,) = of_kind(checked, Kind.TWIN)
    changes = [change(wrong, 0, "sunflower"), change(twins, 1, None)]
    planned = clean.plan_changes(home, garden, changes)
    aside = garden.parent / "garden - set aside" / "daisy" / twins.photos[1].path.name
    targets = [file.target for move in planned.plan.moves for file in move.files]
    assert targets == [garden / "sunflower" / "wrong.jpg", garden / "sunflower" / "wrong.xmp", aside]
    assert tree(garden.parent) == before

    receipt = clean.carry_out(home, planned.plan, changes)
    assert receipt.count(Status.MOVED) == 2
    assert all(target.exists() for target in targets)
    assert contents(garden.parent) == photos
    again = look_for_suspects(home, settings, garden)
    moved = {garden / "sunflower" / "wrong.jpg", *(one.path for one in twins.photos)}
    assert not moved & {one.path for finding in again.findings for one in finding.photos}

    assert history.undo(home, None).restored == 2
    assert tree(garden.parent) == before
    assert wrong in look_for_suspects(home, settings, garden).findings


def test_a_photo_that_was_changed_meanwhile_stays(home: Home, settings: Settings, garden: Path) -> None:
    """Promise 17."""
    (twins,) = of_kind(look_for_suspects(home, settings, garden), Kind.TWIN)
    edited, gone = twins.photos[0].path, twins.photos[1].path
    save_photo(edited, draw_flower("daisy", 700, (96, 72)))
    gone.unlink()
    planned = clean.plan_changes(home, garden, [change(twins, 0, "rose"), change(twins, 1, None)])
    assert planned.plan.moves == ()
    assert [stay.reason.code for stay in planned.plan.skipped] == [Code.CHANGED_MEANWHILE, Code.VANISHED]


def test_a_validation_part_keeps_its_photos(home: Home, settings: Settings, garden: Path) -> None:
    split = garden.parent / "split"
    shutil.copytree(garden, split / "train")
    shutil.copytree(garden, split / "val")
    photo = split / "val" / "bluebell" / "wrong.jpg"
    checked = look_for_suspects(home, settings, split)
    digest = next(one.digest for finding in checked.findings for one in finding.photos if one.path == photo)
    planned = clean.plan_changes(home, split, [Change(photo, digest, "bluebell", "sunflower")])
    assert [move.target for move in planned.plan.moves] == [split / "val" / "sunflower" / "wrong.jpg"]


def test_it_can_be_stopped(home: Home, settings: Settings, garden: Path) -> None:
    def stop(event: object) -> None:
        if isinstance(event, Progress) and event.done >= 30:
            raise Cancelled

    with pytest.raises(Cancelled):
        look_for_suspects(home, settings, garden, report=stop)


def test_one_species_is_refused(home: Home, settings: Settings, tmp_path: Path) -> None:
    save_photo(tmp_path / "one" / "rose" / "a.jpg", draw_flower("rose", 1, (96, 72)))
    with pytest.raises(Refused) as refused:
        look_for_suspects(home, settings, tmp_path / "one")
    assert refused.value.reason.code is Code.ONE_SPECIES


def test_a_whole_drive_has_nothing_beside_it() -> None:
    with pytest.raises(Refused) as refused:
        clean.aside_of(Path("/"))
    assert refused.value.reason.code is Code.BAD_ARGUMENT
