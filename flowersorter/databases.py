"""What our SQLite files have in common."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from flowersorter.records import Code, Refused

_CODES: Final = {
    sqlite3.SQLITE_FULL: Code.DISK_FULL,
    sqlite3.SQLITE_READONLY: Code.READ_ONLY,
    sqlite3.SQLITE_BUSY: Code.FILE_BUSY,
    sqlite3.SQLITE_CANTOPEN: Code.FILE_UNUSABLE,
}


def refusal(error: sqlite3.OperationalError, file: Path) -> Refused:
    """What to raise where the disk did not take what was written."""
    return Refused(_CODES.get(error.sqlite_errorcode & 0xFF, Code.IO_ERROR), path=file, detail=str(error))


def give_back(connection: sqlite3.Connection) -> None:
    """Make the file as small as what is in it. Raises sqlite3.OperationalError while another one writes."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def log_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, so that readers and a writer do not wait for each other.

    SQLite fails at once, whatever the timeout, where another connection is just making the same switch of
    a new file; so wait for the lock as for any other. Raises sqlite3.OperationalError after the timeout.
    """
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        else:
            return
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
