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
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

from flowersorter.databases import refusal
from flowersorter.records import Batch, Code, Plan, PlannedMove, Refused, Transfer
from flowersorter.sorting import journal_file, journal_pages
from flowersorter.sorting.entries import BatchEntry, FileEntry, Identity, PhotoEntry, State, Work
from flowersorter.sorting.fileops import split
from flowersorter.sorting.journal_pages import WrittenPhoto, page_of, path_bytes, path_text
from flowersorter.sorting.volumes import Place, Volumes

NOTHING: Final[Mapping[tuple[int, int], int]] = MappingProxyType({})


class Journal:
    """The open journal. One connection, used by one thread. Use as a context manager."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self._file = file
        self._volume_ids: dict[str, int] = {}
        self._damage: Refused | None = None

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
        volumes = Volumes.now()
        history: list[Batch] = []
        for entry in self._entries("ORDER BY batches.id DESC"):
            placed, back = Counter[str](), Counter[str]()
            for _, photo, state in self._written_photos(entry.id):
                if state is State.PLACED:
                    placed[photo[0]] += 1
                elif state is State.BACK:
                    back[photo[0]] += 1
            both = placed + back
            if both:
                history.append(
                    Batch(
                        entry.id,
                        entry.started,
                        entry.transfer,
                        self.shown(entry.root, volumes),
                        self.shown(entry.into, volumes),
                        both.total(),
                        back.total(),
                        dict(sorted(both.items())),
                    )
                )
        return history

    def species_folders(self, into: Path) -> dict[str, str]:
        """The species of each folder in `into` that a batch filled, by the folder's name."""
        place = Volumes.now().place_of_folder(into)
        found: dict[str, str] = {}
        for entry in self._entries("WHERE intos.name = ? AND into_ = ? ORDER BY batches.id", *place):
            for _, (species, picture, *_), state in self._written_photos(entry.id):
                if state is State.PLACED:
                    found[picture[3].rpartition("/")[0]] = species
        return {
            os.fsdecode(path_bytes(folder.rpartition("/")[2])): species for folder, species in found.items()
        }

    def begin(
        self, plan: Plan, moves: Iterable[tuple[int, PlannedMove, Sequence[Identity]]], volumes: Volumes
    ) -> BatchEntry | None:
        """Write down all of a batch, in one transaction, before anything moves; None if it has no photos.

        `moves` gives each photo's number, what is planned for it, and the identity of each of its files.
        """
        started, token = time.time(), secrets.token_hex(6)
        root, into = volumes.place_of_folder(plan.root), volumes.place_of_folder(plan.into)
        with self._writing():
            self._volume_ids.clear()
            rows = self._volume(root, volumes), root.path, self._volume(into, volumes), into.path
            cursor = self._connection.execute(
                "INSERT INTO batches (started, transfer, token, root_volume, root, into_volume, into_, work)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (started, plan.transfer, token, *rows, Work.MOVING),
            )
            batch = int(cursor.lastrowid or 0)
            written = self._connection.executemany(
                "INSERT INTO pages VALUES (?, ?, ?, ?)", self._pages(batch, moves, volumes)
            )
            if not written.rowcount:
                self._connection.execute("ROLLBACK")
                return None
            self._add_folders(batch, plan.new_folders, volumes)
        return BatchEntry(batch, started, plan.transfer, token, root, into, work=Work.MOVING, undone=False)

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

    def note_handed_over(self, batch: int, folders: Collection[Place]) -> None:
        """Write down that folders of a batch are to be removed, too, by others that have photos there."""
        with self._writing():
            keys = self._all_volumes()
            for other in self._entries("WHERE batches.id != ?", batch):
                filled = {
                    (there, path_bytes(target.rpartition("/")[0]))
                    for _, (_, (_, _, there, target, *_), *_), state in self._written_photos(other.id)
                    if state is State.PLACED
                }
                self._connection.executemany(
                    "INSERT OR IGNORE INTO folders VALUES (?, 0, ?, ?)",
                    (
                        (other.id, keys[volume], path)
                        for volume, path in folders
                        if any(
                            there == keys[volume] and (f + b"/").startswith(path + b"/")
                            for there, f in filled
                        )
                    ),
                )

    def work_on(self, batch: int, work: Work) -> None:
        """Write down that a batch is being changed, before it is."""
        with self._writing():
            if work is Work.REDOING:  # what was remembered of the files at their targets is over
                self._connection.execute(
                    "DELETE FROM landed WHERE batch = ? AND EXISTS (SELECT 1 FROM states WHERE batch = ?"
                    " AND state = ? AND number BETWEEN first AND last)",
                    (batch, batch, State.BACK),
                )
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
            "WHERE NOT undone AND EXISTS (SELECT 1 FROM states WHERE batch = batches.id AND state = ?)"
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
        rows = self._rows("SELECT number, member, mtime_ns FROM landed WHERE batch = ?", batch)
        with self._reading():
            landed = {(number, member): int(mtime_ns) for number, member, mtime_ns in rows}
            return [
                PhotoEntry(
                    number,
                    species,
                    state,
                    tuple(
                        FileEntry(
                            Place(names[here], path_bytes(source)),
                            Place(names[there], path_bytes(target)),
                            size,
                            mtime_ns,
                            digest,
                            landed.get((number, member)),
                        )
                        for member, (here, source, there, target, size, mtime_ns, digest) in enumerate(files)
                    ),
                )
                for number, (species, *files), state in self._written_photos(batch)
            ]

    def folders(self, batch: int) -> list[Place]:
        """The folders that a batch made; outer ones first."""
        rows = self._rows(
            "SELECT name, path FROM folders JOIN volumes ON volumes.id = volume"
            " WHERE batch = ? AND NOT removed ORDER BY length(path)",
            batch,
        )
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
        """Raises `Refused` where the disk fails; STORE_DAMAGED where this cannot be what was written."""
        try:
            yield
        except (sqlite3.DatabaseError, KeyError, TypeError, ValueError) as error:
            if journal_file.is_damage(error):
                raise self._damaged() from error
            if isinstance(error, sqlite3.OperationalError):
                raise refusal(error, self._file) from error
            raise

    def _damaged(self) -> Refused:
        if self._damage is None:  # else the file is set aside, and another may have its name
            self._connection.close()
            self._damage = journal_file.damaged(self._file)
        return self._damage

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Commit what is written inside, or none of it.

        Raises `Refused` where the disk does not take it, and STORE_DAMAGED.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if journal_file.is_damage(error):
                raise self._damaged() from error
            if isinstance(error, sqlite3.OperationalError):
                raise refusal(error, self._file) from error
            raise
        finally:
            with suppress(sqlite3.ProgrammingError):  # a damaged one is closed already
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _written_photos(self, batch: int) -> Iterator[tuple[int, WrittenPhoto, State]]:
        """Every photo of a batch as it was written down, in its order, and where it is."""
        states = self._states("WHERE batch = ?", batch)
        with self._reading():
            for page in self._connection.execute(
                "SELECT photos, checksum FROM pages WHERE batch = ? ORDER BY page", (batch,)
            ):
                for number, photo in journal_pages.read(batch, *page):
                    yield number, photo, states.get(number, State.WAITING)

    def _states(self, where: str, *arguments: int) -> dict[int, State]:
        rows = self._rows(f"SELECT first, last, state FROM states {where}", *arguments)
        with self._reading():
            return journal_pages.spread(rows)

    def _write_states(
        self, batch: int, states: Mapping[int, State], landed: Mapping[tuple[int, int], int]
    ) -> None:
        if states:
            where = "WHERE batch = ? AND page BETWEEN ? AND ?"
            which = batch, page_of(min(states)), page_of(max(states))
            now = {**self._states(where, *which), **states}
            self._connection.execute(f"DELETE FROM states {where}", which)
            self._connection.executemany(
                "INSERT INTO states VALUES (?, ?, ?, ?, ?)",
                ((batch, *stretch) for stretch in journal_pages.stretches(now)),
            )
        self._connection.executemany(
            "INSERT OR REPLACE INTO landed VALUES (?, ?, ?, ?)",
            ((batch, *file, str(mtime_ns)) for file, mtime_ns in landed.items()),
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

    def _pages(
        self, batch: int, moves: Iterable[tuple[int, PlannedMove, Sequence[Identity]]], volumes: Volumes
    ) -> Iterator[tuple[int, int, str, int]]:
        folders: dict[str, tuple[int, str]] = {}  # the row of a folder's volume, and its path there

        def located(file: Path) -> tuple[int, str]:
            folder, name = split(file)
            if not name.isascii():
                name = path_text(os.fsencode(name))
            if folder not in folders:
                place = volumes.place(file)
                folders[folder] = self._volume(place, volumes), path_text(place.path).removesuffix(name)
            volume, path = folders[folder]
            return volume, path + name

        for page, some in groupby(moves, lambda one: page_of(one[0])):
            photos: dict[int, WrittenPhoto] = {}
            for number, move, identities in some:
                photos[number] = [move.species]
                for file, (size, mtime_ns, digest) in zip(move.files, identities, strict=True):
                    source, target = located(file.source), located(file.target)
                    photos[number].append((*source, *target, size, mtime_ns, digest))
            yield batch, page, *journal_pages.written(batch, photos)

    def _add_folders(self, batch: int, folders: Iterable[Path], volumes: Volumes) -> None:
        for place in map(volumes.place, folders):  # where a link in a folder's place leads is not ours
            self._connection.execute(
                "INSERT OR IGNORE INTO folders VALUES (?, 0, ?, ?)",
                (batch, self._volume(place, volumes), place.path),
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
