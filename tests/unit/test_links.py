"""What only leads to another place, on Windows too (promise 9)."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.junctions import make_junctions

from flowersorter.links import is_link, is_own_folder, leads_elsewhere

CLOUD = 0x9000601A  # IO_REPARSE_TAG_CLOUD_6: a folder of OneDrive


def entries(folder: Path) -> dict[str, os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return {entry.name: entry for entry in found}


@pytest.mark.parametrize(("tag", "away"), [(0, False), (CLOUD, False), (0xA0000003, True)])
def test_a_junction_leads_elsewhere_and_a_folder_of_the_cloud_does_not(tag: int, away: bool) -> None:
    status: Any = SimpleNamespace(st_mode=stat.S_IFDIR | 0o755, st_reparse_tag=tag)
    assert leads_elsewhere(status) is away


def test_links_junctions_and_folders_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("folder", "junction"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder", target_is_directory=True)
    (tmp_path / "file").touch()
    make_junctions(monkeypatch, tmp_path / "junction")
    assert {name for name in ("folder", "junction", "link", "file", "none") if is_link(tmp_path / name)} == {
        "junction",
        "link",
    }
    assert {name for name, entry in entries(tmp_path).items() if is_own_folder(entry)} == {"folder"}


def test_a_folder_that_cannot_be_looked_at_is_one_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    entry = entries(tmp_path)["folder"]
    (tmp_path / "folder").rmdir()
    assert is_own_folder(entry)
