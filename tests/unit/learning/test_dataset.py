from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.junctions import make_junctions

from flowersorter.learning.dataset import natural_order, read_labelled
from flowersorter.records import Code, Refused


def plant(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture")
    return folder


def problems(folder: Path) -> dict[str, Code]:
    labelled = read_labelled(folder)
    return {left.path.relative_to(folder).as_posix(): left.reason.code for left in labelled.problems}


def test_subfolders_are_species_and_names_stay_as_written(tmp_path: Path) -> None:
    names = ["Gänseblümchen", "バラ", "Rosa 'Peace'", "  spaced ", "100 roses", "20 tulips"]
    for name in names:
        plant(tmp_path, f"{name}/1.jpg", f"{name}/2.JPG")
    labelled = read_labelled(tmp_path)
    assert sorted(labelled.species) == sorted(names)
    assert labelled.species.index("20 tulips") < labelled.species.index("100 roses")
    assert len(labelled.photos) == 12
    assert not labelled.problems
    assert {photo.part for photo in labelled.photos} == {None}


def test_photos_come_in_natural_order(tmp_path: Path) -> None:
    plant(tmp_path, "rose/10.jpg", "rose/9.jpg", "rose/1.jpg", "tulip/1.jpg")
    assert [photo.path.name for photo in read_labelled(tmp_path).photos] == [
        "1.jpg", "9.jpg", "10.jpg", "1.jpg",
    ]  # fmt: skip


def test_everything_that_is_not_taught_is_listed_and_nothing_is_fatal(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "rose/1.jpg",
        "rose/2.jpg",
        "rose/notes.txt",
        "rose/2019/3.jpg",
        "tulip/1.png",
        "tulip/2.png",
    )
    plant(tmp_path, "loose.jpg", "aster/1.jpg", "rose/1.xmp", ".hidden/1.jpg", "rose/.DS_Store")
    (tmp_path / "empty").mkdir()
    (tmp_path / "tulip" / "nothing.jpg").touch()
    assert problems(tmp_path) == {
        "rose/notes.txt": Code.STRAY_FILE,
        "rose/2019": Code.NESTED_FOLDER,
        "loose.jpg": Code.STRAY_FILE,
        "empty": Code.EMPTY_FOLDER,
        "aster": Code.TOO_FEW_PHOTOS,
        "tulip/nothing.jpg": Code.UNREADABLE,
    }
    assert "aster" in read_labelled(tmp_path).species


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Promise 9."""
    folder = plant(tmp_path / "in", "rose/1.jpg", "rose/2.jpg", "tulip/1.jpg", "tulip/2.jpg")
    outside = plant(tmp_path / "out", "lily/1.jpg")
    (folder / "lily").symlink_to(outside / "lily", target_is_directory=True)
    (folder / "rose" / "3.jpg").symlink_to(outside / "lily" / "1.jpg")
    labelled = read_labelled(folder)
    assert labelled.species == ("rose", "tulip")
    assert all(folder in photo.path.parents and not photo.path.is_symlink() for photo in labelled.photos)
    assert problems(folder) == {"lily": Code.STRAY_FILE, "rose/3.jpg": Code.STRAY_FILE}


def test_junctions_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 9."""
    folder = plant(tmp_path, "rose/1.jpg", "rose/2.jpg", "tulip/1.jpg", "tulip/2.jpg", "lily/1.jpg")
    make_junctions(monkeypatch, folder / "lily")
    assert read_labelled(folder).species == ("rose", "tulip")


@pytest.mark.parametrize("name", ["val", "valid", "Validation"])
def test_a_split_that_people_made_is_respected(tmp_path: Path, name: str) -> None:
    plant(tmp_path, "train/rose/1.jpg", "train/tulip/1.jpg", f"{name}/rose/2.jpg", f"{name}/tulip/2.jpg")
    plant(tmp_path, "test/rose/3.jpg", "readme.txt")
    labelled = read_labelled(tmp_path)
    assert labelled.species == ("rose", "tulip")
    assert {photo.path.name: photo.part for photo in labelled.photos} == {"1.jpg": "train", "2.jpg": "val"}
    assert problems(tmp_path) == {"test": Code.NESTED_FOLDER, "readme.txt": Code.STRAY_FILE}


def test_train_without_val_is_split_by_the_program(tmp_path: Path) -> None:
    plant(tmp_path, "train/rose/1.jpg", "train/rose/2.jpg", "train/tulip/1.jpg", "train/tulip/2.jpg")
    assert {photo.part for photo in read_labelled(tmp_path).photos} == {None}


def test_a_species_may_be_called_train(tmp_path: Path) -> None:
    plant(tmp_path, "train/1.jpg", "train/2.jpg", "rose/1.jpg", "rose/2.jpg")
    assert read_labelled(tmp_path).species == ("rose", "train")


def test_names_that_are_not_utf8_are_kept(tmp_path: Path) -> None:
    """Promise 12."""
    plant(tmp_path, "rose/1.jpg", "tulip/1.jpg", os.fsdecode(b"ros\xe9/a\xff.jpg"))
    species = read_labelled(tmp_path).species
    assert os.fsencode(next(name for name in species if not name.isascii())) == b"ros\xe9"


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        read_labelled(tmp_path / "gone")
    assert refusal.value.reason.code is Code.NOT_A_FOLDER


def test_a_folder_without_photos(tmp_path: Path) -> None:
    plant(tmp_path, "rose/notes.txt", "loose.jpg")
    with pytest.raises(Refused) as refusal:
        read_labelled(tmp_path)
    assert refusal.value.reason.code is Code.NO_PHOTOS


def test_one_species_only(tmp_path: Path) -> None:
    plant(tmp_path, "rose/1.jpg", "rose/2.jpg")
    with pytest.raises(Refused) as refusal:
        read_labelled(tmp_path)
    assert refusal.value.reason.code is Code.ONE_SPECIES
    assert read_labelled(tmp_path, min_species=1).species == ("rose",)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_folders_and_files_without_rights_are_listed(tmp_path: Path) -> None:
    plant(tmp_path, "rose/1.jpg", "rose/2.jpg", "tulip/1.jpg", "tulip/2.jpg", "lily/1.jpg")
    (tmp_path / "lily").chmod(0)
    (tmp_path / "rose" / "2.jpg").chmod(0)
    try:
        found = problems(tmp_path)
    finally:
        (tmp_path / "lily").chmod(0o755)
    assert found["lily"] is Code.FOLDER_UNREADABLE
    assert found["rose/2.jpg"] is Code.NO_PERMISSION


def test_natural_order_is_total() -> None:
    names = ["Rose 2", "rose 10", "Rose", "rose", "", "10", "9a", "²", "Ähre"]
    mixed = [*names[4:], *names[:4]]
    assert sorted(mixed, key=natural_order) == sorted(names, key=natural_order)
    assert natural_order("Rose 2") < natural_order("rose 10")
