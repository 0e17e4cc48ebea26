"""A folder of small files that stand for photos, sorted by the first word of their names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

from support.trees import tree

from flowersorter.progress import Report, silent
from flowersorter.records import Photo, Plan, Receipt, Recovered, Transfer, Undone, Wish
from flowersorter.sorting import mover, recovery, undo
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.naming import folder_key
from flowersorter.sorting.plan import make_plan, survey
from flowersorter.sorting.scan import scan_folder

EARLIEST = 1_000_000_000_123_456_789  # ns: dates that differ from photo to photo and are not round

Rule = Callable[[Photo], str | None]


def species_of(photo: Photo) -> str | None:
    """``rose_1.jpg`` is a rose, ``unsure_1.jpg`` stays."""
    word = photo.path.name.split("_")[0]
    return None if word == "unsure" else word.capitalize()


@dataclass
class Garden:
    """What a test sorts, where to, and the journal that remembers it."""

    root: Path
    into: Path
    journal_file: Path

    @classmethod
    def lay_out(cls, folder: Path, into: Path | None = None) -> Garden:
        root = folder / "photos"
        root.mkdir(parents=True)
        return cls(root, root if into is None else into, folder / "data" / "journal.sqlite")

    def plant(self, *names: str) -> Garden:
        """Make files with contents, dates and permissions of their own."""
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"bytes of " + os.fsencode(name) * 40)
            path.chmod(0o640)
            mtime_ns = EARLIEST + sum(os.fsencode(name)) * 1_000_000_007
            os.utime(path, ns=(mtime_ns, mtime_ns))
        return self

    def plan(
        self,
        *,
        rule: Rule = species_of,
        transfer: Transfer = Transfer.MOVE,
        again: bool = False,
        meaning: Callable[[str], Hashable] = folder_key,
    ) -> Plan:
        """The plan for all photos; `again` also looks at those that lie in species folders."""
        with self.journal() as journal:
            species_folders = journal.species_folders(self.into)
        inside = species_folders if self.into == self.root else {}
        scan = scan_folder(self.root, recursive=True, species_folders=inside, include_filed=again)
        wishes = [Wish(photo, _digest(photo.path), rule(photo)) for photo in scan.photos]
        surveyed = survey(self.into, wishes, species_folders, meaning)
        return make_plan(wishes, root=self.root, into=self.into, transfer=transfer, survey=surveyed)

    def carry_out(self, plan: Plan, report: Report = silent) -> Receipt:
        with self.journal() as journal:
            return mover.carry_out(plan, journal, report)

    def sort(
        self, *, rule: Rule = species_of, transfer: Transfer = Transfer.MOVE, again: bool = False
    ) -> Receipt:
        return self.carry_out(self.plan(rule=rule, transfer=transfer, again=again))

    def undo(self, batch: int | None = None, report: Report = silent) -> Undone:
        with self.journal() as journal:
            return undo.undo(journal, batch, report, trash=self.trash)

    def redo(self, batch: int, report: Report = silent) -> Undone:
        with self.journal() as journal:
            return undo.redo(journal, batch, report)

    def recover(self) -> Recovered:
        with self.journal() as journal:
            return recovery.recover(journal)

    def journal(self) -> Journal:
        return Journal.open(self.journal_file)

    @property
    def bin(self) -> Path:
        """What stands for the system's trash."""
        return self.journal_file.parent / "trash"

    def trash(self, path: Path) -> None:
        self.bin.mkdir(exist_ok=True)
        path.rename(self.bin / f"{len(list(self.bin.iterdir()))} {path.name}")


def files(folder: Path) -> dict[bytes, tuple[str, int]]:
    """What `tree` finds, without the folders."""
    return {path: found for path, found in tree(folder).items() if found is not None}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
