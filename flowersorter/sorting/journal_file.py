"""The journal's file: its tables, and what happens to a damaged one."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from flowersorter.databases import log_ahead, refusal
from flowersorter.records import Code, Refused
from flowersorter.sorting.journal_upgrade import from_rows_to_pages

_VERSION: Final = 2

# "no such table" too comes of damage: our statements are right for the version that was checked
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS volumes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    mount BLOB NOT NULL         -- where it was last: shown to people when it is missing
);
CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started REAL NOT NULL,      -- seconds since the epoch, UTC
    transfer TEXT NOT NULL,
    token TEXT NOT NULL,        -- part of the names of this batch's temporaries
    root_volume INTEGER NOT NULL REFERENCES volumes,
    root BLOB NOT NULL,
    into_volume INTEGER NOT NULL REFERENCES volumes,
    into_ BLOB NOT NULL,
    work TEXT,                  -- what is being done; NULL when all of it was finished
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS pages (
    batch INTEGER NOT NULL REFERENCES batches,
    page INTEGER NOT NULL,
    photos TEXT NOT NULL,       -- what was to be done, see journal_pages.py
    checksum INTEGER NOT NULL,
    PRIMARY KEY (batch, page)
);
CREATE TABLE IF NOT EXISTS states (
    batch INTEGER NOT NULL REFERENCES batches,
    page INTEGER NOT NULL,
    first INTEGER NOT NULL,     -- number of the first photo in this state; those in no row are waiting
    last INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (batch, page, first)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS landed (
    batch INTEGER NOT NULL REFERENCES batches,
    number INTEGER NOT NULL,    -- of the photo
    member INTEGER NOT NULL,    -- 0 is the picture, then its companions
    mtime_ns TEXT NOT NULL,     -- the date at the target, where the disk could not keep the photo's own
    PRIMARY KEY (batch, number, member)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS folders (
    batch INTEGER NOT NULL REFERENCES batches,
    removed INTEGER NOT NULL,   -- 1 in what earlier versions wrote of those that it emptied
    volume INTEGER NOT NULL REFERENCES volumes,
    path BLOB NOT NULL,
    PRIMARY KEY (batch, removed, volume, path)
) WITHOUT ROWID;
"""


def connect(file: Path) -> sqlite3.Connection:
    """Open or create the journal's file.

    Raises `Refused`: STORE_TOO_NEW, which leaves the file alone; STORE_DAMAGED after setting the
    damaged file aside, so that the next call starts a new one; FILE_UNUSABLE and its like.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(file, timeout=10, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise refusal(error, file) from error
    try:
        if not _prepare(connection, file):
            raise sqlite3.DatabaseError
    except Refused:
        connection.close()
        raise
    except (sqlite3.DatabaseError, TypeError, ValueError) as error:
        connection.close()
        if is_damage(error):
            raise damaged(file) from error
        if isinstance(error, sqlite3.OperationalError):
            raise refusal(error, file) from error
        raise
    return connection


def is_damage(error: Exception) -> bool:
    """Whether an error of reading comes of altered bytes, and not of the disk or another program."""
    # Python's own errors have no code: text that is no UTF-8, values that are not what they must be
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF in _DAMAGE


def damaged(file: Path) -> Refused:
    """Set a damaged journal aside, with its write-ahead file, under a name that is free."""
    number = 1
    while (aside := file.with_name(f"{file.stem}.damaged-{number}{file.suffix}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        beside = file.with_name(file.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    file.rename(aside)
    return Refused(Code.STORE_DAMAGED, path=file, aside=aside)


def _prepare(connection: sqlite3.Connection, file: Path) -> bool:
    """Make the tables of a new journal; False where an old one is damaged."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        raise Refused(Code.STORE_TOO_NEW, path=file)
    log_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        return False
    if version < _VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA user_version").fetchone() == (1,):  # no other process was quicker
            from_rows_to_pages(connection)
        connection.execute(f"PRAGMA user_version={_VERSION}")
        connection.execute("COMMIT")
    for table in ("volumes", "batches", "pages", "states", "landed", "folders"):
        connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
    return True
