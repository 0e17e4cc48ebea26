"""Decisions belong to a photo's bytes; a damaged library is set aside (promise 19)."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowersorter.library import VERSION, KnownFile, Library
from flowersorter.records import Code, Decision, Refused


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "library.sqlite"


def test_a_decision_is_kept_until_it_is_forgotten(file: Path) -> None:
    with Library.open(file) as library:
        library.remember({"d1": Decision("Rosa 'Peace'"), "d2": Decision(None)})
    with Library.open(file) as library:
        assert library.decision("d1") == Decision("Rosa 'Peace'")
        assert library.decision("d2") == Decision(None)
        assert library.decision("d3") is None
        library.remember({"d1": None, "d2": Decision("daisy")})
        assert library.decision("d1") is None
        assert library.decision("d2") == Decision("daisy")


def test_a_metadata_edit_orphans_no_decision(file: Path) -> None:
    with Library.open(file) as library:
        library.remember({"before": Decision("tulip")}, {"before": "pixels"})
        assert library.decision("after", "pixels") == Decision("tulip")
        assert library.decision("after", "other pixels") is None
        assert library.decision("after") is None


def test_a_digest_is_known_until_the_file_changes(file: Path, tmp_path: Path) -> None:
    photo = tmp_path / os.fsdecode(b"ros\xe9.jpg")
    photo.write_bytes(b"petals")
    status = photo.stat()
    with Library.open(file) as library:
        assert library.known_digest(photo) is None
        library.remember_digests([KnownFile(photo, status.st_size, status.st_mtime_ns, "digest")])
        assert library.known_digest(photo) == "digest"
        os.utime(photo, ns=(1, 1))
        assert library.known_digest(photo) is None
        library.remember_digests([KnownFile(photo, status.st_size, status.st_mtime_ns, "stale")])
        assert library.known_digest(photo) is None
        photo.unlink()
        assert library.known_digest(photo) is None


def test_a_photo_is_found_by_its_digest_while_it_is_as_it_was(file: Path, tmp_path: Path) -> None:
    photos = [tmp_path / name for name in ("a.jpg", os.fsdecode(b"ros\xe9.jpg"), "c.jpg")]
    with Library.open(file) as library:
        for photo in photos:
            photo.write_bytes(b"1")
            status = photo.stat()
            library.remember_digests([KnownFile(photo, status.st_size, status.st_mtime_ns, photo.name[0])])
        assert library.paths_of(["a", "r", "unknown"]) == {"a": photos[0], "r": photos[1]}
        os.utime(photos[0], ns=(1, 1))
        photos[1].unlink()
        assert library.paths_of(["a", "r", "c"]) == {"c": photos[2]}
        assert library.paths_of([]) == {}


def test_another_file_under_the_same_name_is_not_taken_for_the_first(file: Path, tmp_path: Path) -> None:
    photo, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    for path in (photo, other):
        path.write_bytes(b"12345")
        os.utime(path, ns=(10**18, 10**18))
    with Library.open(file) as library:
        library.remember_digests([KnownFile(photo, 5, 10**18, "first")])
        os.replace(other, photo)
        assert library.known_digest(photo) is None


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100])
def test_a_damaged_library_is_set_aside_and_said(file: Path, damage: bytes) -> None:
    with Library.open(file) as library:
        library.remember({"d": Decision("rose")})
    if damage:
        file.write_bytes(damage)
    else:
        with file.open("r+b") as stream:  # bit flips in every page
            for offset in range(0, file.stat().st_size, 64):
                stream.seek(offset)
                stream.write(b"\xff" * 32)
    with pytest.raises(Refused) as refusal:
        Library.open(file)
    assert refusal.value.reason.code is Code.STORE_DAMAGED
    assert Path(refusal.value.reason.arguments["aside"]).exists()
    with Library.open(file) as library:
        assert library.decision("d") is None


def test_a_newer_library_is_left_alone(file: Path) -> None:
    Library.open(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(Refused) as refusal:
        Library.open(file)
    assert refusal.value.reason.code is Code.STORE_TOO_NEW
    assert file.read_bytes() == before


def test_files_of_the_same_size_may_be_copies(file: Path, tmp_path: Path) -> None:
    photo, copy, other = (tmp_path / name for name in ("photo", "copy", "other"))
    photo.write_bytes(b"photo")
    copy.write_bytes(b"photo")
    other.write_bytes(b"something else")
    status = photo.stat()
    with Library.open(file) as library:
        library.remember_digests([KnownFile(photo, status.st_size, status.st_mtime_ns, "aa")])
        assert library.digests_of_size(copy) == {"aa"}
        assert library.digests_of_size(other) == set()
        assert library.digests_of_size(tmp_path / "gone") == set()


@pytest.mark.parametrize("mtime_ns", [-(10**19), 12 * 10**18])
def test_dates_that_64_bits_do_not_hold_are_known_again(
    tmp_path: Path, mtime_ns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"a")
    status = photo.stat()
    seen = SimpleNamespace(st_size=1, st_mtime_ns=mtime_ns, st_ino=status.st_ino)
    with Library.open(tmp_path / "library.sqlite") as library:
        monkeypatch.setattr(type(photo), "stat", lambda *_arguments, **_options: seen)
        library.remember_digests([KnownFile(photo, 1, mtime_ns, "digest")])
        assert library.known_digest(photo) == "digest"


def test_species_that_are_not_utf8_are_remembered(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library.sqlite") as library:
        library.remember({"one": Decision("Ros\udce9"), "other": Decision(None)})
        assert library.decision("one") == Decision("Ros\udce9")
        assert library.decision("other") == Decision(None)


def test_text_of_older_rows_is_read(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    with Library.open(file):
        pass
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO decisions VALUES ('one', NULL, 'Möwe', 1)")
    with Library.open(file) as library:
        assert library.decision("one") == Decision("Möwe")


def test_a_full_disk_is_said_and_the_next_write_goes_on(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library.sqlite") as library:
        library._connection.execute("PRAGMA max_page_count=1")
        with pytest.raises(Refused) as caught:
            library.remember({str(number): Decision("rose" * 100) for number in range(1000)})
        assert caught.value.reason.code is Code.DISK_FULL
        library._connection.execute("PRAGMA max_page_count=1000000")
        library.remember({"one": Decision("rose")})
        assert library.decision("one") == Decision("rose")


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        Library.open(tmp_path)
    assert caught.value.reason.code is Code.FILE_UNUSABLE
