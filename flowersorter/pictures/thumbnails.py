"""Thumbnails kept on disk by the content of their photo. A cache: what is lost is made again."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Self, TypeVar

from flowersorter.databases import connect_cache, give_back, give_back_if_sparse, is_passing, log_ahead

LIMIT_BYTES: Final = 512_000_000
_PATIENCE_SECONDS = 0.5  # with another process that writes

_SCHEMA = """
CREATE TABLE IF NOT EXISTS thumbnail (
  id INTEGER PRIMARY KEY, digest TEXT NOT NULL, side INTEGER NOT NULL, jpeg BLOB NOT NULL,
  bytes INTEGER NOT NULL, crc INTEGER NOT NULL, used INTEGER NOT NULL, UNIQUE (digest, side)
);
CREATE INDEX IF NOT EXISTS thumbnail_used ON thumbnail (used, bytes);
"""

_T = TypeVar("_T")


class ThumbnailStore:
    """JPEG thumbnails by (digest of the photo's bytes, long side in pixels), at most `limit_bytes` of them.

    The least recently used go first. Usable from several threads and beside another process. A damaged
    file is deleted and begun again; where none can be written, a temporary one serves until `close`.
    """

    def __init__(self, file: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._file = file
        self._limit = limit_bytes
        self._lock = Lock()
        self._bytes = 0
        self._connection = connect_cache(file, self._connected)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, digest: str, side: int) -> bytes | None:
        """The thumbnail, None where it is not kept or is damaged."""

        def read(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute(
                "SELECT id, jpeg, crc FROM thumbnail WHERE digest = ? AND side = ?", (digest, side)
            ).fetchone()
            if row is None or zlib.crc32(row[1]) != row[2]:
                return None
            connection.execute("UPDATE thumbnail SET used = ? WHERE id = ?", (time.time_ns(), row[0]))
            return bytes(row[1])

        return self._try(read)

    def put(self, digest: str, side: int, jpeg: bytes) -> None:
        """Keep a thumbnail, in the place of an earlier one."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO thumbnail (digest, side, jpeg, bytes, crc, used)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (digest, side, jpeg, len(jpeg), zlib.crc32(jpeg), time.time_ns()),
            )
            self._bytes += len(jpeg)
            if self._bytes > self._limit:
                self._bytes = _shrink(connection, self._limit)
                give_back_if_sparse(connection)  # the limit was lowered

        self._try(write)

    def clear(self) -> None:
        """Forget everything, and give the room on the disk back."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM thumbnail")
            self._bytes = 0
            give_back(connection)

        self._try(forget)

    def close(self) -> None:
        """Close the file; the store is not used afterwards."""
        with self._lock:
            self._connection.close()

    def _try(self, action: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Do it, or answer None and, where the file is damaged, begin a new one."""
        with self._lock:
            try:
                return action(self._connection)
            except sqlite3.ProgrammingError:  # closed
                raise
            except sqlite3.Error as error:
                if not is_passing(error):
                    self._connection.close()
                    self._connection = connect_cache(self._file, self._connected, afresh=True)
                return None

    def _connected(self, name: Path | str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            name, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # nothing here is worth waiting for the disk
            log_ahead(connection)
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_SCHEMA)
            self._bytes = _total(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _total(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(sum(bytes), 0) FROM thumbnail").fetchone()[0])


def _shrink(connection: sqlite3.Connection, limit: int) -> int:
    """Forget the least recently used until a tenth of the limit is free; the bytes that stay."""
    connection.execute(
        "DELETE FROM thumbnail WHERE id IN (SELECT id FROM"
        " (SELECT id, sum(bytes) OVER (ORDER BY used DESC, id DESC) AS newer FROM thumbnail)"
        " WHERE newer > ?)",
        (limit * 9 // 10,),
    )
    return _total(connection)
