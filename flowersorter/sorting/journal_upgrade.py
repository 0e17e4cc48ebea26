"""Carry over what an earlier version of the journal has written."""

from __future__ import annotations

import os
import sqlite3
import zlib
from itertools import groupby

from flowersorter.sorting.entries import State
from flowersorter.sorting.journal_pages import (
    WrittenFile,
    WrittenPhoto,
    page_of,
    path_text,
    stretches,
    written,
)


def from_rows_to_pages(connection: sqlite3.Connection) -> None:
    """Version 1 had a row for each photo and each file. Raises ValueError where one is not as it was."""
    strays = connection.execute(
        "SELECT batch, number FROM files EXCEPT SELECT batch, number FROM photos"
    ).fetchall()
    if strays:
        raise ValueError(strays)
    photos = connection.execute("SELECT batch, number, species, state FROM photos ORDER BY batch, number")
    for (batch, page), some in groupby(photos, lambda row: (row[0], page_of(row[1]))):
        states: dict[int, State] = {}
        texts: dict[int, WrittenPhoto] = {}
        for _, number, species, state in some:
            states[number] = State(state)
            texts[number] = [os.fsdecode(species), *_files(connection, batch, number)]
        connection.execute("INSERT INTO pages VALUES (?, ?, ?, ?)", (batch, page, *written(batch, texts)))
        connection.executemany(
            "INSERT INTO states VALUES (?, ?, ?, ?, ?)",
            ((batch, *stretch) for stretch in stretches(states)),
        )
    landed = connection.execute(
        "SELECT batch, number, member, landed_mtime_ns FROM files WHERE landed_mtime_ns IS NOT NULL"
    )
    connection.executemany(
        "INSERT INTO landed VALUES (?, ?, ?, ?)", ((*file, str(int(date))) for *file, date in landed)
    )
    connection.execute("DROP TABLE files")
    connection.execute("DROP TABLE photos")


def _files(connection: sqlite3.Connection, batch: int, number: int) -> list[WrittenFile]:
    rows = connection.execute(
        "SELECT * FROM files WHERE batch = ? AND number = ? ORDER BY member", (batch, number)
    )
    files: list[WrittenFile] = []
    for row in rows:
        if row[10] != zlib.crc32(repr(row[:10]).encode()):
            raise ValueError(row)
        _, _, _, here, source, there, target, size, mtime_ns, digest = row[:10]
        files.append((here, path_text(source), there, path_text(target), size, int(mtime_ns), digest))
    if not files:
        raise ValueError(batch, number)
    return files
