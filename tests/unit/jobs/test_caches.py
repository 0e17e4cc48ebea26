"""The caches are bounded by the setting, and clearing them costs time only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.pictures import draw_flower, save_photo

from flowersorter.jobs.caches import cache_bytes, cache_limits, clear_caches
from flowersorter.jobs.reading import Reading
from flowersorter.learning.feature_store import BYTES_PER_PHOTO, PhotoFacts
from flowersorter.paths import Home
from flowersorter.pictures.decode import Wanted, look_at
from flowersorter.settings import Settings

VECTOR = np.linspace(0, 3, 512, dtype=np.float32)


def fill(home: Home, count: int, settings: Settings | None = None) -> None:
    with Reading(home, settings) as reading:
        reading.features.put([(PhotoFacts(f"{n:064}"), VECTOR) for n in range(count)], "net", "space")
        for n in range(count):
            reading.thumbnails.put(f"{n:064}", 320, bytes(8_000))


def test_the_room_is_shared_out_and_nothing_is_left_over() -> None:
    for megabytes in (200, 800, 12_000):
        limits = cache_limits(Settings(cache_megabytes=megabytes))
        used = limits.photos * BYTES_PER_PHOTO + limits.thumbnail_bytes
        assert megabytes * 999_000 < used <= megabytes * 1_000_000
    assert cache_limits(Settings()).photos == 200_000


@pytest.mark.parametrize("silly", [0, -5])
def test_a_silly_limit_leaves_room_to_work(silly: int) -> None:
    limits = cache_limits(Settings(cache_megabytes=silly))
    assert limits.photos > 1000
    assert limits.thumbnail_bytes > 1_000_000


def test_a_photo_takes_no_more_room_than_is_reckoned(home: Home) -> None:
    with Reading(home) as reading:
        facts = [
            PhotoFacts(f"{n:064}", "p" * 32, n, 1.5e9 + n, "Some Camera", 4000, 3000) for n in range(2000)
        ]
        reading.features.put([(one, VECTOR) for one in facts], "b" * 64, "a-space-with-quite-a-long-name-1")
    assert home.features_file.stat().st_size < 2000 * BYTES_PER_PHOTO * 1.1


def test_the_setting_bounds_both_caches(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowersorter.jobs.caches._LEAST_MEGABYTES", 0)
    fill(home, 1000, Settings(cache_megabytes=1))
    limits = cache_limits(Settings(cache_megabytes=1))
    with Reading(home) as reading:
        kept = [reading.features.features(f"{n:064}", "net", "space") is not None for n in range(1000)]
        shown = [reading.thumbnails.get(f"{n:064}", 320) is not None for n in range(1000)]
    assert sum(kept) == limits.photos
    assert 0 < sum(shown) * 8_000 <= limits.thumbnail_bytes


def test_clearing_gives_the_room_back_and_keeps_the_library(home: Home, tmp_path: Path) -> None:
    fill(home, 300)
    photo = save_photo(tmp_path / "rose.jpg", draw_flower("rose", 1))
    with Reading(home) as reading:
        reading.keep(look_at(photo, Wanted(thumbnail_side=320)))
    before = cache_bytes(home)
    with Reading(home) as reading:  # others may have the files open meanwhile
        left = clear_caches(home)
        assert reading.features.facts(f"{1:064}") is None
        assert reading.library.known_digest(photo) is not None
    assert before > 300 * 9_000
    assert left < before / 10
    assert cache_bytes(home) <= left


def test_nothing_to_clear_is_no_error(home: Home) -> None:
    assert cache_bytes(home) == 0
    clear_caches(home)


def test_damaged_caches_can_be_cleared(home: Home) -> None:
    """Promise 19."""
    fill(home, 300)
    for file in (home.features_file, home.thumbnails_file):
        file.write_bytes(file.read_bytes()[:5000] + b"damage" * 3000)
    clear_caches(home)
    fill(home, 3)
    with Reading(home) as reading:
        assert reading.features.features(f"{1:064}", "net", "space") is not None
        assert reading.thumbnails.get(f"{1:064}", 320) is not None
