"""What our SQLite files have in common."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from flowersorter.records import Code, Refused

_CODES: Final = {
    sqlite3.SQLITE_FULL: Code.DISK_FULL,
    sqlite3.SQLITE_READONLY: Code.READ_ONLY,
    sqlite3.SQLITE_BUSY: Code.FILE_BUSY,
    sqlite3.SQLITE_CANTOPEN: Code.FILE_UNUSABLE,
}


# Answers of a file that is sound but cannot serve now: another process writes, the disk is full, failing or
# write-protected. https://www.sqlite.org/rescode.html
_NOT_NOW: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
    }
)
TEMPORARY: Final = ""  # SQLite's name for a file of its own that goes with the connection


def is_passing(error: sqlite3.Error) -> bool:
    """Whether a file is sound in spite of an error, and may serve another time."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _NOT_NOW


def connect_cache(
    file: Path, connect: Callable[[Path | str], sqlite3.Connection], *, afresh: bool = False
) -> sqlite3.Connection:
    """Open a cache: a damaged file, or `afresh` any, is deleted and begun again.

    Where no file can be written, a temporary one serves until it is closed.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not afresh:
            try:
                return connect(file)
            except sqlite3.Error as error:
                if is_passing(error):
                    raise
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        return connect(file)
    except (sqlite3.Error, OSError):
        return connect(TEMPORARY)


def refusal(error: sqlite3.OperationalError, file: Path) -> Refused:
    """What to raise where the disk did not take what was written."""
    return Refused(_CODES.get(error.sqlite_errorcode & 0xFF, Code.IO_ERROR), path=file, detail=str(error))


def give_back_if_sparse(connection: sqlite3.Connection) -> None:
    """Make the file smaller where more than a quarter of it is unused. Raises as `give_back`."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if 4 * free > pages:
        give_back(connection)


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
