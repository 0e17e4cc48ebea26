"""Promises 5 and 23: what is said before anything moves."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.garden import Garden
from support.primitives import disk

from flowersorter.records import Code, Refused, Transfer
from flowersorter.sorting.preflight import Concern, check, folder_concerns


def codes(concerns: tuple[Concern, ...]) -> dict[Code, bool]:
    return {concern.reason.code: concern.blocks for concern in concerns}


def test_an_ordinary_folder_raises_no_concern(garden: Garden) -> None:
    assert folder_concerns(garden.plant("rose_1.jpg").root) == ()
    assert check(garden.plan()) == ()
    assert check(garden.plan(rule=lambda _: None)) == ()


@pytest.mark.parametrize(
    "library",
    [
        "Photos.photoslibrary", "Old.aplibrary", "Trip.lrlibrary", "Catalog Previews.lrdata", "@eaDir",
        "$RECYCLE.BIN", "#recycle", ".Trash-1000", "lost+found",
    ],
)  # fmt: skip
def test_other_programs_libraries_may_be_copied_from_only(tmp_path: Path, library: str) -> None:
    """Promise 23."""
    garden = Garden.lay_out(tmp_path / library)
    garden.plant("rose_1.jpg")
    assert codes(folder_concerns(garden.root)) == {Code.FOLDER_PROTECTED: True}
    (concern,) = check(garden.plan())
    assert concern.reason.arguments == {"path": tmp_path / library}
    assert concern.blocks
    garden.into = tmp_path / "outside"
    garden.into.mkdir()
    assert codes(check(garden.plan())) == {Code.FOLDER_PROTECTED: True}
    assert codes(check(garden.plan(transfer=Transfer.COPY))) == {Code.FOLDER_PROTECTED: False}
    inward = Garden(garden.into, garden.root, garden.journal_file)
    inward.plant("daisy_1.jpg")
    assert codes(check(inward.plan(transfer=Transfer.COPY))) == {Code.FOLDER_PROTECTED: True}


@pytest.mark.parametrize("catalogue", ["digikam4.db", "My Catalog.lrcat", "Session.cocatalogdb"])
@pytest.mark.parametrize("at", [".", "..", "sub"])
def test_a_catalogue_owns_what_lies_below_it(garden: Garden, catalogue: str, at: str) -> None:
    """Promise 23."""
    garden.plant("sub/rose_1.jpg")
    (garden.root / at / catalogue).write_bytes(b"")
    assert codes(check(garden.plan())) == {Code.FOLDER_PROTECTED: True}


@pytest.mark.parametrize(
    "name",
    [
        "OneDrive", "OneDrive - Garden Club", "Dropbox", "Dropbox (Personal)", "Google Drive", "iCloud Drive",
        "iCloudDrive", "com~apple~CloudDocs", "CloudStorage", "Nextcloud",
    ],
)  # fmt: skip
def test_a_synced_folder_asks_first(tmp_path: Path, name: str) -> None:
    """Promise 23."""
    garden = Garden.lay_out(tmp_path / name)
    (concern,) = folder_concerns(garden.root)
    assert concern.reason.code is Code.FOLDER_ASKS_FIRST
    assert concern.reason.arguments == {"path": garden.root, "kind": "synced"}
    assert not concern.blocks


def test_a_sync_programs_marker_is_seen(garden: Garden) -> None:
    (garden.root.parent / ".stfolder").mkdir()
    assert codes(folder_concerns(garden.root)) == {Code.FOLDER_ASKS_FIRST: False}


def test_home_and_a_drives_root_ask_first(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 23."""
    (concern,) = folder_concerns(Path("/"))
    assert concern.reason.arguments["kind"] == "drive"
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(garden.root))
    (concern,) = folder_concerns(garden.root)
    assert concern.reason.arguments["kind"] == "home"
    garden.plant("sub/rose_1.jpg")
    assert folder_concerns(garden.root / "sub") == ()


def test_space_is_counted_where_bytes_are_copied(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    garden.plant("rose_1.jpg", "rose_1.xmp")
    needed = sum(path.stat().st_size for path in garden.root.iterdir())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=needed - 1))
    assert check(garden.plan()) == ()
    (concern,) = check(garden.plan(transfer=Transfer.COPY))
    assert (concern.reason.code, concern.blocks) == (Code.DISK_FULL, True)
    assert concern.reason.arguments == {"path": garden.root, "needed": needed, "free": needed - 1}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=needed))
    assert check(garden.plan(transfer=Transfer.COPY)) == ()


def test_a_drive_that_is_pulled_after_the_plan_is_one_sentence(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 5."""
    plan = garden.plant("rose_1.jpg").plan()

    def gone(_folder: Path) -> None:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    monkeypatch.setattr(shutil, "disk_usage", gone)
    with pytest.raises(Refused) as refused:
        check(plan)
    assert refused.value.reason.code is Code.DEVICE_GONE


def test_folders_that_cannot_be_written_are_said(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = garden.plant("rose_1.jpg").plan()
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert codes(check(plan)) == {Code.NO_PERMISSION: True}
    real = os.statvfs(garden.root)
    fields = {name: getattr(real, name) for name in dir(real) if name.startswith("f_")}
    read_only = SimpleNamespace(**(fields | {"f_flag": os.ST_RDONLY}))
    monkeypatch.setattr(os, "statvfs", lambda _: read_only)
    assert codes(check(plan)) == {Code.READ_ONLY: True}


def test_a_missing_target_is_judged_by_what_is_above_it(garden: Garden, tmp_path: Path) -> None:
    garden.into = tmp_path / "new" / "sorted"
    assert check(garden.plant("rose_1.jpg").plan()) == ()
    plan = garden.plan()
    (tmp_path / "new").write_bytes(b"a file")
    assert codes(check(plan)) == {Code.NOT_A_FOLDER: True}


def test_a_disk_without_a_journal_is_said(garden: Garden) -> None:
    """Promise 4."""
    plan = garden.plant("rose_1.jpg").plan()
    with disk("copy"):
        assert codes(check(plan)) == {Code.FOLDER_NOT_JOURNALLED: False}
