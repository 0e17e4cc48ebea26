"""Promise 7: what an earlier version of the program has sorted can be undone by this one."""

from __future__ import annotations

import os
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from support.garden import Garden
from support.trees import tree

from flowersorter.records import Code, Refused
from flowersorter.sorting import journal_file
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.volumes import Volumes

VERSION_1 = """
CREATE TABLE volumes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, mount BLOB NOT NULL);
CREATE TABLE batches (
    id INTEGER PRIMARY KEY AUTOINCREMENT, started REAL NOT NULL, transfer TEXT NOT NULL, token TEXT NOT NULL,
    root_volume INTEGER NOT NULL REFERENCES volumes, root BLOB NOT NULL,
    into_volume INTEGER NOT NULL REFERENCES volumes, into_ BLOB NOT NULL,
    work TEXT, undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE photos (
    batch INTEGER NOT NULL REFERENCES batches, number INTEGER NOT NULL, species BLOB NOT NULL,
    folder BLOB NOT NULL, state TEXT NOT NULL, PRIMARY KEY (batch, number)
) WITHOUT ROWID;
CREATE TABLE files (
    batch INTEGER NOT NULL, number INTEGER NOT NULL, member INTEGER NOT NULL,
    source_volume INTEGER NOT NULL REFERENCES volumes, source BLOB NOT NULL,
    target_volume INTEGER NOT NULL REFERENCES volumes, target BLOB NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, digest TEXT, checksum INTEGER NOT NULL,
    landed_mtime_ns INTEGER, PRIMARY KEY (batch, number, member)
) WITHOUT ROWID;
CREATE TABLE folders (
    batch INTEGER NOT NULL REFERENCES batches, removed INTEGER NOT NULL,
    volume INTEGER NOT NULL REFERENCES volumes, path BLOB NOT NULL,
    PRIMARY KEY (batch, removed, volume, path)
) WITHOUT ROWID;
PRAGMA user_version=1;
"""
KILLED = 9
STRANGE = os.fsdecode(b"ros\xe9_1.jpg")  # not UTF-8


@pytest.fixture
def old(garden: Garden) -> Garden:
    """What version 1 sorted: 119 daisies, while one stayed, and two roses, one of rounded dates."""
    names = [f"daisy_{number:03}.jpg" for number in range(120)]
    garden.plant(*names, STRANGE, "rose_2.jpg", "rose_2.xmp")
    groups = [*([name] for name in names), [STRANGE], ["rose_2.jpg", "rose_2.xmp"]]
    volumes = Volumes.now()
    place = volumes.place_of_folder(garden.root)
    garden.journal_file.parent.mkdir()
    with closing(sqlite3.connect(garden.journal_file)) as connection, connection:
        connection.executescript(VERSION_1)
        mount = os.fsencode(volumes.mount(place.volume))
        connection.execute("INSERT INTO volumes VALUES (1, ?, ?)", (place.volume, mount))
        connection.execute(
            "INSERT INTO batches VALUES (1, 1e9, 'move', 'abc', 1, ?, 1, ?, NULL, 0)",
            (place.path, place.path),
        )
        for number, group in enumerate(groups):
            species = "Daisy" if number < 120 else "Rose"
            stays = number == 5
            for member, name in enumerate(group):
                status = (garden.root / name).stat()
                source = place.path + b"/" + os.fsencode(name)
                target = place.path + b"/" + os.fsencode(f"{species}/{name}")
                row = (1, number, member, 1, source, 1, target, status.st_size, status.st_mtime_ns, None)
                landed = status.st_mtime_ns + 5 if name.startswith("rose_2") else None
                checksum = zlib.crc32(repr(row).encode())
                connection.execute(
                    "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, checksum, landed)
                )
            state = "stayed" if stays else "placed"
            connection.execute(
                "INSERT INTO photos VALUES (1, ?, ?, ?, ?)",
                (number, species.encode(), species.encode(), state),
            )
        for species in ("Daisy", "Rose"):
            path = place.path + b"/" + species.encode()
            connection.execute("INSERT INTO folders VALUES (1, 0, 1, ?)", (path,))
    return garden


def move_as_version_1_did(garden: Garden) -> None:
    for path in list(garden.root.iterdir()):
        name = path.name
        if name != "daisy_005.jpg":
            target = garden.root / ("Daisy" if name.startswith("daisy") else "Rose") / name
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
            if name.startswith("rose_2"):
                date = target.stat().st_mtime_ns + 5
                os.utime(target, ns=(date, date))


def test_what_version_1_sorted_is_undone(old: Garden) -> None:
    before = tree(old.root)
    move_as_version_1_did(old)
    with old.journal() as journal:
        (batch,) = journal.batches()
        assert (batch.photos, batch.undone, batch.species) == (121, 0, {"Daisy": 119, "Rose": 2})
        assert (batch.started, batch.root) == (1e9, old.root)
        assert journal.species_folders(old.root) == {"Daisy": "Daisy", "Rose": "Rose"}
    undone = old.undo()
    assert (undone.restored, undone.left) == (121, ())
    assert tree(old.root) == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE files SET size = size + 1 WHERE number = 110",
        "DELETE FROM files WHERE number = 110",
        "DELETE FROM photos WHERE number = 110",
        "UPDATE photos SET species = 5 WHERE number = 110",
    ],
)
def test_altered_rows_are_not_carried_over(old: Garden, damage: str) -> None:
    """Promise 19."""
    with closing(sqlite3.connect(old.journal_file)) as connection, connection:
        connection.execute(damage)
    with pytest.raises(Refused) as refused:
        old.journal()
    assert refused.value.reason.code is Code.STORE_DAMAGED


def test_an_interrupted_upgrade_is_made_again(old: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 3."""
    move_as_version_1_did(old)
    child = os.fork()
    if child == 0:
        monkeypatch.setattr("flowersorter.sorting.journal_file.from_rows_to_pages", _cut_short)
        old.journal()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == KILLED
    assert old.undo().restored == 121


def _cut_short(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE files")
    os._exit(KILLED)


def test_another_process_may_have_been_quicker(old: Garden, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 15: both find the old version, the second one finds it done."""
    real = sqlite3.connect
    quicker: list[Path] = [old.journal_file]

    class Slow(sqlite3.Connection):
        def executescript(self, script: str, /) -> sqlite3.Cursor:
            if quicker:
                Journal.open(quicker.pop()).__exit__(None, None, None)
            return super().executescript(script)

    monkeypatch.setattr(sqlite3, "connect", lambda *args, **more: real(*args, **more, factory=Slow))
    with old.journal() as journal:
        assert journal.batches()[0].photos == 121
    assert not quicker


def test_nobody_writes_between_the_reading_and_the_writing_of_an_upgrade(
    old: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 15: what was read first and written later is refused where another one wrote meanwhile."""
    real = journal_file.from_rows_to_pages
    refused: list[int] = []

    def upgrade(connection: sqlite3.Connection) -> None:
        with closing(sqlite3.connect(old.journal_file, timeout=0, isolation_level=None)) as other:
            with pytest.raises(sqlite3.OperationalError) as busy:
                other.execute("BEGIN IMMEDIATE")
            refused.append(busy.value.sqlite_errorcode)
        real(connection)

    monkeypatch.setattr(journal_file, "from_rows_to_pages", upgrade)
    with old.journal() as journal:
        assert journal.batches()[0].photos == 121
    assert refused == [sqlite3.SQLITE_BUSY]
