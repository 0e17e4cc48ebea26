"""The journal: what will be moved is written here before anything moves, and what became of it after.

One SQLite file in the data directory, in write-ahead mode with ``synchronous=FULL``, so that a commit
outlives a power cut. The disk is the truth, though: recovery and undo believe a row only where the
files agree with it.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from flowersorter.databases import refusal
from flowersorter.records import Batch, Code, Plan, PlannedMove, Refused, Transfer
from flowersorter.sorting import journal_file
from flowersorter.sorting.entries import BatchEntry, FileEntry, Identity, PhotoEntry, State, Work
from flowersorter.sorting.fileops import split
from flowersorter.sorting.volumes import Place, Volumes

NOTHING: Final[Mapping[tuple[int, int], int]] = MappingProxyType({})


class Journal:
    """The open journal. One connection, used by one thread. Use as a context manager."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self._file = file
        self._volume_ids: dict[str, int] = {}

    @classmethod
    def open(cls, file: Path) -> Self:
        """Open or create the journal.

        Raises `Refused`: STORE_TOO_NEW, which leaves the file alone; STORE_DAMAGED after setting the
        damaged file aside, so that the next call starts a new one. Photos are not touched by either.
        """
        return cls(journal_file.connect(file), file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def batches(self) -> list[Batch]:
        """The batches that moved or copied something, newest first."""
        counts: dict[int, dict[bytes, list[int]]] = {}
        rows = self._rows(
            "SELECT batch, species, state = ?, count(*) FROM photos WHERE state IN (?, ?) GROUP BY 1, 2, 3",
            State.BACK, State.PLACED, State.BACK,
        )  # fmt: skip
        for batch, species, back, count in rows:
            both = counts.setdefault(batch, {}).setdefault(species, [0, 0])
            both[back] += count
        volumes = Volumes.now()
        history: list[Batch] = []
        for entry in self._entries("ORDER BY batches.id DESC"):
            species_counts = counts.get(entry.id)
            if species_counts:
                history.append(
                    Batch(
                        entry.id,
                        entry.started,
                        entry.transfer,
                        self.shown(entry.root, volumes),
                        self.shown(entry.into, volumes),
                        sum(map(sum, species_counts.values())),
                        sum(back for _, back in species_counts.values()),
                        {os.fsdecode(species): sum(both) for species, both in species_counts.items()},
                    )
                )
        return history

    def species_folders(self, into: Path) -> dict[str, str]:
        """The species of each folder in `into` that a batch filled, by the folder's name."""
        place = Volumes.now().place_of_folder(into)
        rows = self._rows(
            "SELECT folder, species FROM photos JOIN batches ON batches.id = batch"
            " JOIN volumes ON volumes.id = into_volume"
            " WHERE volumes.name = ? AND into_ = ? AND state = ?"
            " GROUP BY folder, species ORDER BY max(batch)",
            place.volume, place.path, State.PLACED,
        )  # fmt: skip
        return {os.fsdecode(folder): os.fsdecode(species) for folder, species in rows}

    def begin(
        self, plan: Plan, moves: Iterable[tuple[int, PlannedMove, Sequence[Identity]]], volumes: Volumes
    ) -> BatchEntry | None:
        """Write down all of a batch, in one transaction, before anything moves; None if it has no photos.

        `moves` gives each photo's number, what is planned for it, and the identity of each of its files.
        """
        token = secrets.token_hex(6)
        root, into = volumes.place_of_folder(plan.root), volumes.place_of_folder(plan.into)
        with self._writing():
            self._volume_ids.clear()
            rows = self._volume(root, volumes), root.path, self._volume(into, volumes), into.path
            cursor = self._connection.execute(
                "INSERT INTO batches (started, transfer, token, root_volume, root, into_volume, into_, work)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (time.time(), plan.transfer, token, *rows, Work.MOVING),
            )
            batch = int(cursor.lastrowid or 0)
            photo_rows: list[tuple[Any, ...]] = []
            self._connection.executemany(
                "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                self._file_rows(batch, moves, volumes, photo_rows),
            )
            self._connection.executemany("INSERT INTO photos VALUES (?, ?, ?, ?, ?)", photo_rows)
            self._add_folders(batch, plan.new_folders, volumes, removed=False)
            if not photo_rows:
                self._connection.execute("ROLLBACK")
                return None
        return self.entry(batch)

    def note(
        self, batch: int, states: Mapping[int, State], landed: Mapping[tuple[int, int], int] = NOTHING
    ) -> None:
        """Write down where photos are, by number.

        `landed` has, by number and member, the date (mtime_ns) of a file whose target disk rounded it.
        """
        with self._writing():
            self._write_states(batch, states, landed)

    def finish(
        self,
        batch: int,
        states: Mapping[int, State],
        landed: Mapping[tuple[int, int], int] = NOTHING,
        *,
        undone: bool,
    ) -> None:
        """Write down where the last photos are, and that nothing of the batch is under way any more."""
        with self._writing():
            self._write_states(batch, states, landed)
            self._connection.execute(
                "UPDATE batches SET work = NULL, undone = ? WHERE id = ?", (undone, batch)
            )

    def note_removed(self, batch: int, folders: Iterable[Path], volumes: Volumes) -> None:
        """Write down which emptied folders are about to be removed."""
        with self._writing():
            self._add_folders(batch, folders, volumes, removed=True)

    def work_on(self, batch: int, work: Work) -> None:
        """Write down that a batch is being changed, before it is."""
        with self._writing():
            self._connection.execute("UPDATE batches SET work = ? WHERE id = ?", (work, batch))

    def entry(self, batch: int) -> BatchEntry:
        """One batch. Raises `Refused` (BATCH_NOT_FOUND)."""
        found = self._entries("WHERE batches.id = ?", batch) if batch < 1 << 63 else []
        if not found:
            raise Refused(Code.BATCH_NOT_FOUND, batch=batch)
        return found[0]

    def newest_done(self) -> BatchEntry:
        """The newest batch that has not been undone. Raises `Refused` (NOTHING_TO_UNDO)."""
        found = self._entries(
            "WHERE NOT undone AND EXISTS (SELECT 1 FROM photos WHERE batch = batches.id AND state = ?)"
            " ORDER BY batches.id DESC LIMIT 1",
            State.PLACED,
        )
        if not found:
            raise Refused(Code.NOTHING_TO_UNDO)
        return found[0]

    def unfinished(self) -> list[BatchEntry]:
        """The batches that were interrupted, newest first: later moves are cleared up before earlier ones."""
        return self._entries("WHERE work IS NOT NULL ORDER BY batches.id DESC")

    def photos(self, batch: int) -> list[PhotoEntry]:
        """Every photo of a batch, in its order. Raises `Refused` (STORE_DAMAGED) where a row was altered."""
        names = {key: name for name, key in self._all_volumes().items()}
        rows = self._rows("SELECT * FROM files WHERE batch = ? ORDER BY number, member", batch)
        states = self._rows(
            "SELECT number, species, state FROM photos WHERE batch = ? ORDER BY number", batch
        )
        with self._reading():
            files: dict[int, list[FileEntry]] = {number: [] for number, _, _ in states}
            for row in rows:
                if row[10] != _checksum(row[:10]):
                    raise ValueError(row)
                source, target = Place(names[row[3]], row[4]), Place(names[row[5]], row[6])
                landed = None if row[11] is None else int(row[11])
                files[row[1]].append(FileEntry(source, target, row[7], int(row[8]), row[9], landed))
            if not all(files.values()):
                raise ValueError(batch)
            return [
                PhotoEntry(number, os.fsdecode(species), State(state), tuple(files[number]))
                for number, species, state in states
            ]

    def folders(self, batch: int, *, removed: bool) -> list[Place]:
        """The folders that a batch made, or emptied and removed; outer ones first."""
        rows = self._rows(
            "SELECT name, path FROM folders JOIN volumes ON volumes.id = volume"
            " WHERE batch = ? AND removed = ? ORDER BY length(path)",
            batch, removed,
        )  # fmt: skip
        return [Place(volume, path) for volume, path in rows]

    def shown(self, place: Place, volumes: Volumes) -> Path:
        """A place as people know it: where it is, or where it was when its volume was last seen."""
        return volumes.path(place) or self.last_mount(place) / os.fsdecode(place.path)

    def last_mount(self, place: Place) -> Path:
        """Where the volume of a place was mounted when the journal last saw it."""
        rows = self._rows("SELECT mount FROM volumes WHERE name = ?", place.volume)
        with self._reading():
            ((mount,),) = rows
            return Path(os.fsdecode(mount))

    def _entries(self, rest: str, *arguments: Any) -> list[BatchEntry]:
        rows = self._rows(
            "SELECT batches.id, started, transfer, token, roots.name, root, intos.name, into_, work, undone"
            " FROM batches JOIN volumes AS roots ON roots.id = root_volume"
            f" JOIN volumes AS intos ON intos.id = into_volume {rest}",
            *arguments,
        )
        with self._reading():
            return [_batch_entry(row) for row in rows]

    def _rows(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        with self._reading():
            return self._connection.execute(statement, arguments).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Raises `Refused` (STORE_DAMAGED) where what is read cannot be what was written."""
        try:
            yield
        except (sqlite3.DatabaseError, KeyError, TypeError, ValueError) as error:
            if not journal_file.is_damage(error):
                raise
            self._connection.close()
            raise journal_file.damaged(self._file) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Commit what is written inside, or none of it. Raises `Refused` where the disk does not take it."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise refusal(error, self._file) from error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _write_states(
        self, batch: int, states: Mapping[int, State], landed: Mapping[tuple[int, int], int]
    ) -> None:
        self._connection.executemany(
            "UPDATE photos SET state = ? WHERE batch = ? AND number BETWEEN ? AND ?",
            [(state, batch, first, last) for state, first, last in _stretches(states)],
        )
        self._connection.executemany(
            "UPDATE files SET landed_mtime_ns = ? WHERE batch = ? AND number = ? AND member = ?",
            [(_kept(mtime_ns), batch, number, member) for (number, member), mtime_ns in landed.items()],
        )

    def _all_volumes(self) -> dict[str, int]:
        return dict(self._rows("SELECT name, id FROM volumes"))

    def _volume(self, place: Place, volumes: Volumes) -> int:
        """The row of a place's volume, with the mount point where it is now."""
        if place.volume not in self._volume_ids:
            self._connection.execute(
                "INSERT INTO volumes (name, mount) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET mount = excluded.mount",
                (place.volume, os.fsencode(volumes.mount(place.volume))),
            )
            self._volume_ids = self._all_volumes()
        return self._volume_ids[place.volume]

    def _file_rows(
        self,
        batch: int,
        moves: Iterable[tuple[int, PlannedMove, Sequence[Identity]]],
        volumes: Volumes,
        photo_rows: list[tuple[Any, ...]],
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of all files, one photo after the other; on the way, `photo_rows` gets those of photos."""
        waiting = str(State.WAITING)  # sqlite3 takes long to adapt an enum
        folders: dict[str, tuple[int, bytes]] = {}  # the row of a folder's volume, and its path there

        def located(file: Path) -> tuple[int, bytes]:
            folder, name = split(file)
            encoded = os.fsencode(name)
            if folder not in folders:
                place = volumes.place(file)
                folders[folder] = self._volume(place, volumes), place.path.removesuffix(encoded)
            volume, path = folders[folder]
            return volume, path + encoded

        for number, move, identities in moves:
            for member, (file, identity) in enumerate(zip(move.files, identities, strict=True)):
                there, target = located(file.target)
                if member == 0:
                    photo_rows.append((batch, number, os.fsencode(move.species), _folder_of(target), waiting))
                size, date, digest = identity
                row = (batch, number, member, *located(file.source), there, target, size, _kept(date), digest)
                yield (*row, _checksum(row), None)

    def _add_folders(self, batch: int, folders: Iterable[Path], volumes: Volumes, *, removed: bool) -> None:
        for place in map(volumes.place, folders):  # where a link in a folder's place leads is not ours
            self._connection.execute(
                "INSERT OR IGNORE INTO folders VALUES (?, ?, ?, ?)",
                (batch, removed, self._volume(place, volumes), place.path),
            )


def _batch_entry(row: tuple[Any, ...]) -> BatchEntry:
    return BatchEntry(
        id=row[0],
        started=row[1],
        transfer=Transfer(row[2]),
        token=row[3],
        root=Place(row[4], row[5]),
        into=Place(row[6], row[7]),
        work=None if row[8] is None else Work(row[8]),
        undone=bool(row[9]),
    )


def _kept(mtime_ns: int) -> int | bytes:
    """A date as SQLite takes it, whose numbers have 64 bits: the years 1678 to 2262. Disks know others."""
    return mtime_ns if -(1 << 63) <= mtime_ns < 1 << 63 else b"%d" % mtime_ns


def _folder_of(target: bytes) -> bytes:
    return target.rpartition(b"/")[0].rpartition(b"/")[2]


def _stretches(states: Mapping[int, State]) -> Iterator[tuple[State, int, int]]:
    """Photos that follow one another and have one state, as first and last number: most batches are one."""
    numbered = enumerate(sorted(states))
    for (state, _), stretch in groupby(numbered, lambda one: (states[one[1]], one[1] - one[0])):
        numbers = [number for _, number in stretch]
        yield state, numbers[0], numbers[-1]


def _checksum(row: tuple[Any, ...]) -> int:
    return zlib.crc32(repr(row).encode())
