"""The history of batches: what was done, and taking it back."""

from __future__ import annotations

from flowersorter.jobs.trash import to_trash
from flowersorter.paths import Home
from flowersorter.progress import Report, silent
from flowersorter.records import Batch, Recovered, Undone
from flowersorter.sorting import recovery
from flowersorter.sorting import undo as undoing
from flowersorter.sorting.journal import Journal


def history(home: Home) -> list[Batch]:
    """Every batch that moved or copied something, newest first."""
    with Journal.open(home.journal_file) as journal:
        return journal.batches()


def undo(home: Home, batch: int | None, report: Report = silent) -> Undone:
    """Put the photos of a batch back; None is the newest that is not undone.

    Raises `Refused`: NOTHING_TO_UNDO, BATCH_NOT_FOUND, STORE_DAMAGED.
    """
    with Journal.open(home.journal_file) as journal:
        return undoing.undo(journal, batch, report, trash=to_trash)


def redo(home: Home, batch: int, report: Report = silent) -> Undone:
    """Carry out a batch again that was undone; `restored` counts the photos that moved again."""
    with Journal.open(home.journal_file) as journal:
        return undoing.redo(journal, batch, report)


def recover(home: Home, report: Report = silent) -> Recovered:
    """Finish or roll back a run that was interrupted. Doing it twice equals once."""
    with Journal.open(home.journal_file) as journal:
        return recovery.recover(journal, report)
