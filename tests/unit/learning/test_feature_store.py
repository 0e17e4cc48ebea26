from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from support.labels import digest_of

from flowersorter.learning import feature_store
from flowersorter.learning.feature_store import FeatureStore, PhotoFacts

VECTOR = np.linspace(0, 7, 512, dtype=np.float32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "features.sqlite"


def filled(file: Path, count: int = 3) -> FeatureStore:
    store = FeatureStore(file)
    store.put([(PhotoFacts(digest_of(number)), VECTOR) for number in range(count)], "net", "space")
    return store


def test_features_come_back_with_sixteen_bits(file: Path) -> None:
    with filled(file) as store:
        found = store.features(digest_of(0), "net", "space")
    assert found is not None
    assert found.dtype == np.float32
    assert np.array_equal(found, VECTOR.astype(np.float16).astype(np.float32))


def test_another_network_space_or_photo_is_a_miss(file: Path) -> None:
    with filled(file) as store:
        assert store.features(digest_of(0), "other", "space") is None
        assert store.features(digest_of(0), "net", "other") is None
        assert store.features(digest_of(99), "net", "space") is None
        assert store.facts(digest_of(99)) is None


def test_facts_come_back_whole(file: Path) -> None:
    facts = PhotoFacts(digest_of(1), "p" * 32, 2**64 - 1, 1_600_000_000.25, "Testcam One", 4000, 3000)
    bare = PhotoFacts(digest_of(2))
    with FeatureStore(file) as store:
        store.put([(facts, VECTOR), (bare, VECTOR)], "net", "space")
    with FeatureStore(file) as store:
        assert store.facts(facts.digest) == facts
        assert store.facts(bare.digest) == bare


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 300, None])
def test_a_damaged_file_is_a_miss(file: Path, damage: bytes | None) -> None:
    """Promise 19."""
    filled(file).close()
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2] if damage is None else damage)
    with FeatureStore(file) as store:
        store.features(digest_of(0), "net", "space")
        store.put([(PhotoFacts(digest_of(7)), VECTOR)], "net", "space")
    with FeatureStore(file) as store:
        found = store.features(digest_of(7), "net", "space")
        assert found is None or np.allclose(found, VECTOR, atol=0.01)


@pytest.mark.parametrize("blob", [b"", b"\0" * 100, b"\xff" * 1024, "text"])
def test_a_damaged_row_is_a_miss(file: Path, blob: object) -> None:
    filled(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE features SET vector = ?", (blob,))
    connection.close()
    with FeatureStore(file) as store:
        assert store.features(digest_of(0), "net", "space") is None


def test_a_cache_of_another_version_starts_again(file: Path) -> None:
    filled(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with FeatureStore(file) as store:
        assert store.features(digest_of(0), "net", "space") is None
        store.put([(PhotoFacts(digest_of(0)), VECTOR)], "net", "space")
        assert store.features(digest_of(0), "net", "space") is not None


def test_the_photos_used_last_stay(file: Path) -> None:
    filled(file, 10).close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE features SET used = 1")
    connection.close()
    with FeatureStore(file) as store:
        assert store.features(digest_of(4), "net", "space") is not None  # used today
        store.prune(3)
        kept = [
            number for number in range(10) if store.features(digest_of(number), "net", "space") is not None
        ]
        assert len(kept) == 3
        assert 4 in kept
        assert [number for number in range(10) if store.facts(digest_of(number)) is not None] == kept


def test_a_full_disk_costs_nothing_but_time(file: Path) -> None:
    store = filled(file)
    store._connection.execute("PRAGMA max_page_count = 1")  # SQLite's own "disk full"
    store.put([(PhotoFacts(digest_of(number)), VECTOR) for number in range(100, 400)], "net", "space")
    assert store.features(digest_of(0), "net", "space") is not None
    store.close()


def test_a_long_run_is_pruned_on_its_way(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_store, "_PRUNE_EVERY", 20)
    with FeatureStore(file, limit=5) as store:
        for start in range(0, 100, 10):
            photos = [(PhotoFacts(digest_of(number)), VECTOR) for number in range(start, start + 10)]
            store.put(photos, "net", "space")
            kept = sum(store.facts(digest_of(number)) is not None for number in range(100))
            assert kept <= 15


def test_one_damaged_page_costs_the_cache_once(file: Path) -> None:
    """Promise 19: else every photo would be calculated anew, for ever and without a word."""
    filled(file, 2000).close()
    content = bytearray(file.read_bytes())
    with sqlite3.connect(file) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'features'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    content[(root - 1) * size : root * size] = b"\xff" * size
    file.write_bytes(content)
    with FeatureStore(file) as store:
        store.features(digest_of(0), "net", "space")
        store.put([(PhotoFacts(digest_of(0)), VECTOR)], "net", "space")
    with FeatureStore(file) as store:
        assert store.features(digest_of(0), "net", "space") is not None
        store.clear()
        assert store.features(digest_of(0), "net", "space") is None


def test_without_a_place_to_write_it_serves_until_it_is_closed(tmp_path: Path) -> None:
    """Sorting, and what somebody says of a photo, need no cache."""
    (tmp_path / "cache").touch()
    with FeatureStore(tmp_path / "cache" / "features.sqlite") as store:
        store.put([(PhotoFacts(digest_of(0)), VECTOR)], "net", "space")
        assert store.features(digest_of(0), "net", "space") is not None


def test_a_lower_limit_gives_room_back(file: Path) -> None:
    filled(file, 2000).close()
    before = file.stat().st_size
    FeatureStore(file, limit=200).close()
    assert file.stat().st_size < before / 4


def test_who_only_looks_forgets_nothing(file: Path) -> None:
    """Keeping a decision opens the cache, and knows nothing of the room that was granted."""
    filled(file, 300).close()
    FeatureStore(file).close()
    with FeatureStore(file) as store:
        store.put([(PhotoFacts(digest_of(0)), VECTOR)], "net", "space")
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM features").fetchone() == (300,)
    connection.close()


def test_a_small_cache_grows_no_more_than_a_large_one(file: Path) -> None:
    with FeatureStore(file, limit=100) as store:
        for start in range(0, 1000, 10):
            photos = [(PhotoFacts(digest_of(number)), VECTOR) for number in range(start, start + 10)]
            store.put(photos, "net", "space")
        assert store._row("SELECT count(*) FROM features", ())[0] <= 110
