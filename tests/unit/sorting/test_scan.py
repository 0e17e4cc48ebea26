"""Promises 9 and 23: what is found, what is left alone."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.garden import Garden
from support.junctions import make_junctions

from flowersorter.progress import Cancelled, Progress, Stage
from flowersorter.records import Code, Refused
from flowersorter.sorting import scan as scanning
from flowersorter.sorting.scan import Scan, is_hidden, is_placeholder, scan_folder


def scan(root: Path, **more: Any) -> Scan:
    return scan_folder(root, **({"recursive": False, "species_folders": {}, "include_filed": False} | more))


def names(found: Scan) -> list[str]:
    return [str(photo.path.relative_to(found.root)) for photo in found.photos]


def test_photos_come_in_natural_order_with_size_and_date(garden: Garden) -> None:
    garden.plant("IMG_10.jpg", "IMG_9.JPG", "notes.txt", "IMG_9.xmp", "b.heic")
    found = scan(garden.root)
    assert names(found) == ["b.heic", "IMG_9.JPG", "IMG_10.jpg"]
    status = (garden.root / "IMG_9.JPG").stat()
    assert (found.photos[1].size, found.photos[1].mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert found.photos[1].companions == (garden.root / "IMG_9.xmp",)


def test_names_that_are_not_utf8_are_found(garden: Garden) -> None:
    """Promise 12."""
    name = os.fsdecode(b"ros\xe9.jpg")
    garden.plant(name)
    assert names(scan(garden.root)) == [name]


def test_links_are_not_followed(garden: Garden, tmp_path: Path) -> None:
    garden.plant("a.jpg")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b.jpg").write_bytes(b"b")
    (garden.root / "linked.jpg").symlink_to(outside / "b.jpg")
    (garden.root / "folder").symlink_to(outside, target_is_directory=True)
    (garden.root / "loop").symlink_to(garden.root, target_is_directory=True)
    os.mkfifo(garden.root / "pipe.jpg")
    assert names(scan(garden.root, recursive=True)) == ["a.jpg"]


def test_junctions_are_not_followed(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 9: on Windows, a junction that leads back up would have no end."""
    garden.plant("a.jpg", "sub/b.jpg", "junction/c.jpg")
    make_junctions(monkeypatch, garden.root / "junction")
    assert names(scan(garden.root, recursive=True)) == ["a.jpg", "sub/b.jpg"]


def test_a_folder_that_vanishes_takes_no_others_with_it(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    garden.plant("a.jpg", "sub/b.jpg")
    look = scanning.is_own_folder

    def remove_then_look(entry: os.DirEntry[str]) -> bool:
        if entry.name == "sub":
            shutil.rmtree(entry.path)
        return look(entry)

    monkeypatch.setattr(scanning, "is_own_folder", remove_then_look)
    found = scan(garden.root, recursive=True)
    assert (names(found), found.skipped) == (["a.jpg"], ())


def test_foreign_hidden_and_own_folders_are_not_entered(garden: Garden) -> None:
    own = garden.root / "own"
    for folder in (
        ".hidden", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "Photos.photoslibrary",
        "Catalog Previews.lrdata", ".Trash-1000", "own", "sub",
    ):  # fmt: skip
        garden.plant(f"{folder}/a.jpg")
    garden.plant("._a.jpg")
    assert names(scan(garden.root, recursive=True, own_folders=[own])) == ["sub/a.jpg"]


def test_species_folders_are_visited_only_to_show_them(garden: Garden) -> None:
    garden.plant("a.jpg", "Rose/b.jpg", "album/c.jpg", "album/Rose/d.jpg")
    made = {"rose": "Rosa"}
    assert names(scan(garden.root, recursive=True, species_folders=made)) == [
        "a.jpg", "album/c.jpg", "album/Rose/d.jpg",
    ]  # fmt: skip
    found = scan(garden.root, species_folders=made, include_filed=True)
    assert [(photo.path.name, photo.filed_as) for photo in found.photos] == [
        ("a.jpg", None),
        ("b.jpg", "Rosa"),
    ]


@pytest.mark.parametrize(
    ("folder", "album"),
    [
        ("Granny's garden", "Granny's garden"),
        ("Granny's garden/DCIM/100CANON", "Granny's garden"),
        ("DCIM/100APPLE", None),
        ("DCIM/202106__", None),
        ("2023/05/14", None),
        ("2023-05-14", None),
        ("20230514", None),
        ("2023 roses", "2023 roses"),
        ("Camera Roll", None),
        ("WhatsApp Images/Sent", None),
        ("Bilder/Urlaub", "Urlaub"),
        ("2023roses", "2023roses"),
    ],
)
def test_an_album_is_a_folder_that_a_person_named(garden: Garden, folder: str, album: str | None) -> None:
    garden.plant(f"{folder}/a.jpg")
    (photo,) = scan(garden.root, recursive=True).photos
    assert photo.album == album


def test_subfolders_only_when_asked(garden: Garden) -> None:
    garden.plant("a.jpg", "sub/b.jpg")
    assert names(scan(garden.root)) == ["a.jpg"]


def test_placeholders_are_not_opened() -> None:
    assert is_placeholder(SimpleNamespace(st_file_attributes=0x400000))  # type: ignore[arg-type]
    assert is_placeholder(SimpleNamespace(st_file_attributes=0x1020))  # type: ignore[arg-type]
    assert is_placeholder(SimpleNamespace(st_flags=0x40000020))  # type: ignore[arg-type]
    assert not is_placeholder(SimpleNamespace(st_file_attributes=0x20, st_flags=0, st_blocks=0, st_size=9))  # type: ignore[arg-type]


def test_hidden_files_of_windows_and_macos() -> None:
    assert is_hidden("a", SimpleNamespace(st_file_attributes=0x2))  # type: ignore[arg-type]
    assert is_hidden("a", SimpleNamespace(st_flags=0x8000))  # type: ignore[arg-type]
    assert not is_hidden("a", SimpleNamespace(st_file_attributes=0x20, st_flags=0))  # type: ignore[arg-type]


def test_a_placeholder_is_skipped_with_all_its_companions(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    garden.plant("a.jpg", "a.cr2", "b.jpg", "c.txt")
    (garden.root / ".d.heic.icloud").write_bytes(b"bplist")
    cloud = (garden.root / "a.cr2").stat().st_ino
    monkeypatch.setattr("flowersorter.sorting.scan.is_placeholder", lambda status: status.st_ino == cloud)
    found = scan(garden.root)
    assert names(found) == ["b.jpg"]
    assert [(stay.photo.path.name, stay.reason.code) for stay in found.skipped] == [
        (".d.heic.icloud", Code.PLACEHOLDER), ("a.jpg", Code.PLACEHOLDER),
    ]  # fmt: skip


def test_an_unreadable_subfolder_is_one_line(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    garden.plant("a.jpg", "locked/b.jpg", "open/c.jpg")
    real = os.scandir

    def scandir(path: Path) -> Any:
        if Path(path).name == "locked":
            raise PermissionError(errno.EACCES, "no", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = scan(garden.root, recursive=True)
    assert names(found) == ["a.jpg", "open/c.jpg"]
    (stay,) = found.skipped
    assert (stay.photo.path.name, stay.reason.code) == ("locked", Code.FOLDER_UNREADABLE)


def test_refusals(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    garden.plant("a.jpg")
    for wrong in (garden.root / "missing", garden.root / "a.jpg"):
        with pytest.raises(Refused) as refused:
            scan(wrong)
        assert refused.value.reason.code is Code.NOT_A_FOLDER

    def scandir(path: Path) -> Any:
        raise PermissionError(errno.EACCES, "no", str(path))

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(Refused) as refused:
        scan(garden.root)
    assert refused.value.reason.code is Code.FOLDER_UNREADABLE


def test_progress_is_told_and_can_cancel(garden: Garden) -> None:
    garden.plant(*(f"{n}.jpg" for n in range(1100)))
    told: list[object] = []
    scan(garden.root, report=told.append)
    assert len(told) >= 3
    assert told[-1] == Progress(Stage.SCANNING, 1100)

    def stop(_event: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        scan(garden.root, report=stop)


class Dead:
    """An entry of a folder on a network drive that no longer answers."""

    def __init__(self, entry: os.DirEntry[str]) -> None:
        self.name, self.path = entry.name, entry.path
        self.is_dir, self.is_file = entry.is_dir, entry.is_file

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        raise OSError(errno.ENOTCONN, "the server died")


def test_one_entry_that_does_not_answer_takes_no_others_with_it(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    garden.plant("a.jpg", "dead.jpg", "nas/b.jpg")
    list_folder = os.scandir

    @contextmanager
    def listed(folder: Path) -> Iterator[Iterator[Any]]:
        if folder.name == "nas":
            raise OSError(errno.ENOTCONN, "the server died")
        with list_folder(folder) as entries:
            yield (Dead(one) if one.name in {"nas", "dead.jpg"} else one for one in entries)

    monkeypatch.setattr(os, "scandir", listed)
    for recursive, silent in ((False, {"dead.jpg"}), (True, {"dead.jpg", "nas"})):
        found = scan(garden.root, recursive=recursive)
        assert names(found) == ["a.jpg"]
        assert {stay.photo.path.name for stay in found.skipped} == silent
