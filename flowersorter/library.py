"""What the gardener decided, kept for ever, in one SQLite file of the data directory.

Decisions belong to the bytes of a photo (its digest), not to its path: photos move. A digest of the
decoded pixels beside it finds the decision again after another program has edited the metadata.
The second table spares reading an unchanged library again: (path, size, mtime, inode) -> digest.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from flowersorter.databases import log_ahead, refusal
from flowersorter.records import Code, Decision, Refused

VERSION = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS decisions (
    digest TEXT PRIMARY KEY,
    pixel_digest TEXT,
    species TEXT,             -- os.fsencode, text in older rows; NULL: leave it where it is
    decided REAL NOT NULL     -- seconds since the epoch
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS decisions_by_pixels ON decisions (pixel_digest);
CREATE TABLE IF NOT EXISTS digests (
    path BLOB PRIMARY KEY,    -- os.fsencode: names need not be UTF-8
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    digest TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS digests_by_size ON digests (size, digest);
CREATE TABLE IF NOT EXISTS allowed_pairs (
    one TEXT NOT NULL,        -- digests, the smaller first; equal where one photo lies in two places
    other TEXT NOT NULL,
    PRIMARY KEY (one, other)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """The digest that the file at `path` had when it looked like this."""

    path: Path
    size: int
    mtime_ns: int
    digest: str


class Library:
    """The open library. One connection, used by one thread. Use as a context manager."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self._file = file

    @classmethod
    def open(cls, file: Path) -> Self:
        """Open or create the library.

        Raises `Refused`: STORE_TOO_NEW; STORE_DAMAGED after setting the damaged file aside, so that the
        next call starts with an empty library; DISK_FULL and its like. Raises OSError without its folder.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = sqlite3.connect(file, timeout=10, isolation_level=None)
        except sqlite3.OperationalError as error:
            raise refusal(error, file) from error
        try:
            log_ahead(connection)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise Refused(Code.STORE_TOO_NEW, path=file)
            connection.executescript(SCHEMA)
            connection.execute(f"PRAGMA user_version={VERSION}")
            connection.execute("SELECT count(*) FROM decisions").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            raise refusal(error, file) from error
        except Refused:
            connection.close()
            raise
        except sqlite3.DatabaseError as error:
            connection.close()
            aside = _set_aside(file)
            raise Refused(Code.STORE_DAMAGED, path=file, aside=aside) from error
        return cls(connection, file)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # decisions

    def remember(
        self, decisions: Mapping[str, Decision | None], pixel_digests: Mapping[str, str] | None = None
    ) -> None:
        """Keep the decision of each digest; None forgets it. Raises `Refused` where the disk is full."""
        pixels = pixel_digests or {}
        now = time.time()
        with self._writing() as cursor:
            for digest, decision in decisions.items():
                if decision is None:
                    cursor.execute("DELETE FROM decisions WHERE digest = ?", (digest,))
                else:
                    species = None if decision.species is None else os.fsencode(decision.species)
                    row = (digest, pixels.get(digest), species, now)
                    cursor.execute("INSERT OR REPLACE INTO decisions VALUES (?, ?, ?, ?)", row)

    def decision(self, digest: str, pixel_digest: str | None = None) -> Decision | None:
        """The decision for these bytes, else the newest one for these pixels, else None."""
        by_bytes = "SELECT species FROM decisions WHERE digest = ?"
        by_pixels = "SELECT species FROM decisions WHERE pixel_digest = ? ORDER BY decided DESC LIMIT 1"
        row = self._connection.execute(by_bytes, (digest,)).fetchone()
        if row is None and pixel_digest is not None:
            row = self._connection.execute(by_pixels, (pixel_digest,)).fetchone()
        return None if row is None else Decision(None if row[0] is None else os.fsdecode(row[0]))

    # pairs

    def allow_pairs(self, pairs: Iterable[tuple[str, str]], *, allowed: bool = True) -> None:
        """Keep, or forget, that two photos with these digests may well lie beside each other."""
        change = (
            "INSERT OR IGNORE INTO allowed_pairs VALUES (?, ?)"
            if allowed
            else "DELETE FROM allowed_pairs WHERE one = ? AND other = ?"
        )
        with self._writing() as cursor:
            cursor.executemany(change, {(min(pair), max(pair)) for pair in pairs})

    def allowed_pairs(self) -> frozenset[tuple[str, str]]:
        """The pairs of digests that were allowed, the smaller digest first."""
        return frozenset(self._connection.execute("SELECT one, other FROM allowed_pairs"))

    # digests

    def known_digest(self, path: Path) -> str | None:
        """The digest of the file at `path` if it is as it was when it was read; reads no photo."""
        try:
            status = path.stat(follow_symlinks=False)
        except OSError:
            return None
        row = self._connection.execute(
            "SELECT size, mtime_ns, inode, digest FROM digests WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        seen = (status.st_size, _signed(status.st_mtime_ns), _signed(status.st_ino))
        if row is None or tuple(row[:3]) != seen:
            return None
        return str(row[3])

    def paths_of(self, digests: Iterable[str]) -> dict[str, Path]:
        """A file with each of these digests that is as it was when it was read, where there is one."""
        wanted = list(digests)
        marks = ", ".join("?" * len(wanted))
        rows = self._connection.execute(f"SELECT path, digest FROM digests WHERE digest IN ({marks})", wanted)
        paths = ((Path(os.fsdecode(path)), str(digest)) for path, digest in rows.fetchall())
        return {digest: path for path, digest in paths if self.known_digest(path) == digest}

    def digests_of_size(self, path: Path) -> set[str]:
        """Digests of files that are as large as the one at `path`, which may be a copy of one of them.

        At most 16: where more are as large (uncompressed pictures), the size tells nothing.
        """
        try:
            size = path.stat(follow_symlinks=False).st_size
        except OSError:
            return set()
        rows = self._connection.execute(
            "SELECT DISTINCT digest FROM digests WHERE size = ? LIMIT 16", (size,)
        )
        return {str(digest) for (digest,) in rows}

    def remember_digests(self, seen: Iterable[KnownFile]) -> None:
        """Keep the digests of files that still look as they did when they were read. Raises `Refused`."""
        rows = []
        for one in seen:
            try:
                status = one.path.stat(follow_symlinks=False)
            except OSError:
                continue  # it has gone; there is nothing to remember
            if (status.st_size, status.st_mtime_ns) == (one.size, one.mtime_ns):
                date = _signed(one.mtime_ns)
                rows.append((os.fsencode(one.path), one.size, date, _signed(status.st_ino), one.digest))
        with self._writing() as cursor:
            cursor.executemany("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?)", rows)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        """Commit what is written inside, or none of it. Raises `Refused` where the disk does not take it."""
        try:
            with closing(self._connection.cursor()) as cursor:
                cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                cursor.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise refusal(error, self._file) from error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _signed(number: int) -> int:
    """The last 64 bits of an inode or a date, as SQLite holds them: with a sign. Some disks use more."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _set_aside(file: Path) -> Path:
    """Rename a damaged database (and its log) so that it can be looked at, and make room."""
    aside = file.with_name(f"{file.stem}-damaged-{time.time_ns()}{file.suffix}")
    os.replace(file, aside)
    for ending in ("-wal", "-shm"):
        log = file.with_name(file.name + ending)
        if log.exists():
            os.replace(log, aside.with_name(aside.name + ending))
    return aside
