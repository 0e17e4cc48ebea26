"""The thumbnail store: bounded, and damage is a miss (promise 19)."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowersorter.pictures.thumbnails import ThumbnailStore

JPEG = b"\xff\xd8" + bytes(998)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "thumbnails.sqlite"


def test_a_thumbnail_comes_back_after_a_restart_and_only_in_its_size(file: Path) -> None:
    with ThumbnailStore(file) as store:
        store.put("rose", 320, JPEG)
    with ThumbnailStore(file) as store:
        assert store.get("rose", 320) == JPEG
        assert store.get("rose", 176) is None
        assert store.get("tulip", 320) is None
        store.put("rose", 320, b"newer")
        assert store.get("rose", 320) == b"newer"


def test_the_least_recently_used_go_first(file: Path) -> None:
    with ThumbnailStore(file, limit_bytes=10_000) as store:
        for number in range(10):
            store.put(f"photo {number}", 320, JPEG)
        assert store.get("photo 0", 320) == JPEG  # used again: now the newest
        store.put("photo 10", 320, JPEG)
        kept = [number for number in range(11) if store.get(f"photo {number}", 320)]
    assert kept == [0, 3, 4, 5, 6, 7, 8, 9, 10]


def test_the_file_stays_bounded(file: Path) -> None:
    with ThumbnailStore(file, limit_bytes=100_000) as store:
        for number in range(1000):
            store.put(f"photo {number}", 320, JPEG)
    with ThumbnailStore(file, limit_bytes=100_000) as store:
        assert store.get("photo 999", 320) == JPEG
    assert file.stat().st_size < 250_000


def damage_all(file: Path) -> None:
    file.write_bytes(b"\x5a" * file.stat().st_size)


def damage_half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000] + b"\x5a" * 5000)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:3000])


def be_of_another_version(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.executescript("DROP TABLE thumbnail; CREATE TABLE thumbnail (something INTEGER)")
    connection.close()


@pytest.mark.parametrize("damage", [damage_all, damage_half, cut, be_of_another_version])
def test_a_damaged_store_is_begun_again(file: Path, damage) -> None:
    with ThumbnailStore(file) as store:
        for number in range(20):
            store.put(f"photo {number}", 320, JPEG)
    damage(file)
    with ThumbnailStore(file) as store:
        assert {store.get(f"photo {number}", 320) for number in range(20)} <= {None, JPEG}
        store.put("rose", 320, JPEG)  # may be the one that meets the damage
        store.put("rose", 320, JPEG)
        assert store.get("rose", 320) == JPEG
    with ThumbnailStore(file) as store:
        assert store.get("rose", 320) == JPEG


def test_a_flipped_bit_in_a_thumbnail_is_a_miss(file: Path) -> None:
    with ThumbnailStore(file) as store:
        store.put("rose", 320, b"Here is a picture of a rose.")
    file.write_bytes(file.read_bytes().replace(b"picture of", b"picture on"))
    with ThumbnailStore(file) as store:
        assert store.get("rose", 320) is None


def test_without_a_place_to_write_it_serves_until_it_is_closed(tmp_path: Path) -> None:
    with ThumbnailStore(tmp_path / "missing folder" / "thumbnails.sqlite") as store:
        store.put("rose", 320, JPEG)
        assert store.get("rose", 320) == JPEG


def test_a_store_that_another_process_keeps_busy_is_a_miss_and_stays(file: Path) -> None:
    with ThumbnailStore(file) as store:
        store.put("rose", 320, JPEG)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        store.put("tulip", 320, JPEG)
        other.execute("ROLLBACK")
        other.close()
        assert store.get("tulip", 320) is None
        assert store.get("rose", 320) == JPEG


def test_a_sound_store_that_cannot_be_opened_now_is_not_deleted(file: Path) -> None:
    with ThumbnailStore(file) as store:
        store.put("rose", 320, JPEG)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with ThumbnailStore(file) as store:
        assert store.get("rose", 320) is None
        store.put("tulip", 320, JPEG)
        assert store.get("tulip", 320) == JPEG
    other.execute("ROLLBACK")
    other.close()
    with ThumbnailStore(file) as store:
        assert store.get("rose", 320) == JPEG


def test_several_threads_may_use_it(file: Path) -> None:
    with ThumbnailStore(file) as store, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: store.put(f"photo {number}", 320, b"%d" % number), range(400)))
        found = list(threads.map(lambda number: store.get(f"photo {number}", 320), range(400)))
    assert found == [b"%d" % number for number in range(400)]


def test_a_lower_limit_gives_room_back(file: Path) -> None:
    with ThumbnailStore(file) as store:
        for number in range(200):
            store.put(str(number), 320, bytes(10_000))
    before = file.stat().st_size
    with ThumbnailStore(file, limit_bytes=100_000) as store:
        store.put("new", 320, bytes(10_000))
        assert store.get("new", 320) is not None
    assert file.stat().st_size < before / 4
