"""The features and facts of photos: computed once, then found again by content.

A key is the digest of the bytes, the sha256 of the backbone and its feature space; never a path, for
this program moves the files. Works without torch: whoever reads new photos hands in the network.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from flowersorter.databases import connect_cache, give_back, give_back_if_sparse, is_passing, log_ahead

WIDTH: Final = 512  # features of one photo

SCHEMA = """
CREATE TABLE IF NOT EXISTS features (
    digest TEXT NOT NULL,
    backbone TEXT NOT NULL,
    space TEXT NOT NULL,
    vector BLOB NOT NULL,      -- float16, little-endian
    used INTEGER NOT NULL,     -- days since the epoch
    PRIMARY KEY (digest, backbone, space)
);  -- with row ids: without, SQLite puts half of each vector on a page of its own, 5 kB a photo
CREATE TABLE IF NOT EXISTS facts (
    digest TEXT PRIMARY KEY,
    pixel_digest TEXT,
    perceptual_hash INTEGER,   -- the 64 bits, as SQLite's signed integer
    taken REAL,
    camera TEXT,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL
) WITHOUT ROWID;
"""
VERSION = 2
MANY: Final = 500  # values of one SQL statement; some builds of SQLite take no more than 999
BYTES_PER_PHOTO: Final = 1_750  # of the file: features, facts and their keys
_PRUNE_EVERY: Final = 20_000  # photos that are added


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """What is known of a photo beside its features; `taken` in seconds since the epoch."""

    digest: str
    pixel_digest: str | None = None
    perceptual_hash: int | None = None
    taken: float | None = None
    camera: str | None = None
    width: int = 0
    height: int = 0


class FeatureStore:
    """A cache in one SQLite file: losing or damaging it costs time, never an error.

    Usable from several threads. Use as a context manager. Above `limit` photos, those used longest ago are
    forgotten; None, for who adds none, forgets nothing.
    """

    def __init__(self, file: Path, limit: int | None = None) -> None:
        self._file = file
        self._limit = limit
        self._added = 0
        self._lock = threading.Lock()
        self._connection = connect_cache(file, _connect)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._limit is not None:
            self.prune(self._limit)
        with self._lock:
            with suppress(sqlite3.Error):  # another process writes: the room is used again
                give_back_if_sparse(self._connection)
            self._connection.close()

    def features(self, digest: str, backbone: str, space: str) -> NDArray[np.float32] | None:
        """The float32[512] of a photo, or None if it was not seen by this backbone."""
        row = self._row(
            "SELECT vector, used FROM features WHERE digest = ? AND backbone = ? AND space = ?",
            (digest, backbone, space),
        )
        if row is None or not isinstance(row[0], bytes) or len(row[0]) != 2 * WIDTH:
            return None
        vector = np.frombuffer(row[0], dtype="<f2").astype(np.float32)
        if not np.isfinite(vector).all():
            return None
        if row[1] != _today():
            mark = "UPDATE features SET used = ? WHERE digest = ? AND backbone = ? AND space = ?"
            self._write([(mark, [(_today(), digest, backbone, space)])])
        return vector

    def facts(self, digest: str) -> PhotoFacts | None:
        """What is known of a photo, or None if it was never decoded."""
        row = self._row("SELECT * FROM facts WHERE digest = ?", (digest,))
        return None if row is None else _facts(row)

    def facts_of(self, digests: Sequence[str]) -> dict[str, PhotoFacts]:
        """What is known of many photos at once, by digest; those never decoded are left out."""
        found: dict[str, PhotoFacts] = {}
        for start in range(0, len(digests), MANY):
            some = tuple(digests[start : start + MANY])
            marks = ", ".join("?" * len(some))
            rows = self._rows(f"SELECT * FROM facts WHERE digest IN ({marks})", some)
            found |= {row[0]: _facts(row) for row in rows}
        return found

    def put(self, seen: Iterable[tuple[PhotoFacts, NDArray[np.float32]]], backbone: str, space: str) -> None:
        """Keep the facts and features of photos, in one transaction."""
        facts: list[tuple[Any, ...]] = []
        vectors: list[tuple[Any, ...]] = []
        for one, vector in seen:
            signed = None if one.perceptual_hash is None else _signed(one.perceptual_hash)
            facts.append((one.digest, one.pixel_digest, signed, one.taken, one.camera, one.width, one.height))
            vectors.append((one.digest, backbone, space, vector.astype("<f2").tobytes(), _today()))
        statements = [
            ("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)", facts),
            ("INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?, ?)", vectors),
        ]
        self._write(statements)
        self._added += len(vectors)
        if self._limit is not None and self._added >= min(_PRUNE_EVERY, max(1, self._limit // 10)):
            self.prune(self._limit)

    def prune(self, limit: int) -> None:
        """Keep the features of at most `limit` photos, those used last."""
        self._added = 0
        surplus = self._row("SELECT count(*) - ? FROM features", (limit,))
        if surplus is not None and surplus[0] > 0:
            oldest = "SELECT rowid FROM features ORDER BY used LIMIT ?"
            self._write([(f"DELETE FROM features WHERE rowid IN ({oldest})", [(surplus[0],)])])
            self._write([("DELETE FROM facts WHERE digest NOT IN (SELECT digest FROM features)", [()])])

    def clear(self) -> None:
        """Forget everything, and give the room on the disk back."""
        self._write([("DELETE FROM features", [()]), ("DELETE FROM facts", [()])])
        with self._lock, suppress(sqlite3.Error):  # another process writes: the room is used again
            give_back(self._connection)

    def _row(self, query: str, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        rows = self._rows(query, arguments)
        return rows[0] if rows else None

    def _rows(self, query: str, arguments: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._connection.execute(query, arguments).fetchall()
            except sqlite3.Error as error:
                self._mend(error)
                return []  # a miss

    def _write(self, statements: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
        with self._lock:
            try:
                with self._connection:
                    self._connection.execute("BEGIN IMMEDIATE")
                    for statement, rows in statements:
                        self._connection.executemany(statement, rows)
            except sqlite3.Error as error:
                self._mend(error)  # the photos will be read again another time

    def _mend(self, error: sqlite3.Error) -> None:
        """Begin a new file where this one is damaged; a full disk or another process may let it be."""
        if not (is_passing(error) or isinstance(error, sqlite3.ProgrammingError)):  # closed already
            self._connection.close()
            self._connection = connect_cache(self._file, _connect, afresh=True)


def _connect(file: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=5, isolation_level=None, check_same_thread=False)
    try:
        log_ahead(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError("another version's cache")
        connection.executescript(SCHEMA)
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("SELECT count(*) FROM facts").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _facts(row: tuple[Any, ...]) -> PhotoFacts:
    digest, pixels, hashed, taken, camera, width, height = row
    unsigned = None if hashed is None else hashed % (1 << 64)
    return PhotoFacts(digest, pixels, unsigned, taken, camera, width, height)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _today() -> int:
    return int(time.time() // 86400)
