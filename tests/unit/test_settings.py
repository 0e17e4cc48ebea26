"""Settings survive a restart; a damaged file costs the settings, never the start (promise 19)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.settings import MAX_RECENT_FOLDERS, Settings, load, save


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "config" / "settings.json"
    settings = replace(Settings(), model="Garten", max_wrong=5.0, recent_folders=("/a", "/b"), device="cpu")
    save(file, settings)
    assert load(file) == (settings, None)
    assert [path.name for path in file.parent.iterdir()] == ["settings.json"]


def test_no_file_means_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "settings.json") == (Settings(), None)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\x00\x01", b"\xff\xfe{}", b"[" * 100_000])
def test_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(content)
    settings, aside = load(file)
    assert settings == Settings()
    assert aside is not None
    assert aside.read_bytes() == content
    assert not file.exists()


@pytest.mark.parametrize(
    "field",
    [
        '"max_wrong": "two"',
        '"device": "abacus"',
        '"device": []',
        '"recent_folders": "abc"',
        '"recent_folders": ["/a", 1]',
        '"recent_folders": ["/a", "\\ud800"]',
        '"weights_file": "\\ud800"',
        '"copy": 1',
        '"max_wrong": 0',
        '"max_wrong": -1',
        '"max_wrong": 51',
        '"max_wrong": NaN',
        f'"max_wrong": 1{"0" * 400}',
        '"thumbnail_side": 10000000000',
        '"cache_megabytes": -5',
        '"appearance": "sepia"',
    ],
)
def test_a_value_that_cannot_be_costs_its_field_only(tmp_path: Path, field: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(f'{{"model": "x", {field}}}', "utf-8")
    assert load(file) == (replace(Settings(), model="x"), None)


def test_fields_of_a_newer_version_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"model": "x", "telepathy": True, "max_wrong": 3}), "utf-8")
    assert load(file) == (replace(Settings(), model="x", max_wrong=3.0), None)


def test_recent_folders_are_few_and_unique() -> None:
    settings = Settings()
    for number in [*range(20), 19, 5]:
        settings = settings.with_recent(Path(f"/photos/{number}"))
    assert settings.recent_folders[:3] == ("/photos/5", "/photos/19", "/photos/18")
    assert len(settings.recent_folders) == MAX_RECENT_FOLDERS
