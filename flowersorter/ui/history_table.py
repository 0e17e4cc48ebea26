"""The table of batches in the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale
from PySide6.QtWidgets import QWidget

from flowersorter.records import Batch, Transfer
from flowersorter.ui import messages
from flowersorter.ui.plain_table import PlainTable

translate = QCoreApplication.translate

_WHERE, _SPECIES = 2, 3  # columns that stretch
_NAMED_SPECIES: Final = 4  # in a cell


class HistoryTable(PlainTable):
    """One line per batch, newest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            translate("HistoryTable", "What was filed, newest first"),
            [
                translate("HistoryTable", "When"),
                translate("HistoryTable", "What"),
                translate("HistoryTable", "Folder"),
                translate("HistoryTable", "Species"),
                translate("HistoryTable", "Now"),
            ],
            (_WHERE, _SPECIES),
            parent,
        )
        self._batches: Sequence[Batch] = ()

    def show_batches(self, batches: Sequence[Batch]) -> None:
        """Replace all lines; the selected batch stays selected."""
        before = self.selected()
        ids = [batch.id for batch in batches]
        self._batches = batches
        self.show_rows(
            [self._cells(batch) for batch in batches],
            ids.index(before.id) if before is not None and before.id in ids else 0,
        )

    def selected(self) -> Batch | None:
        """The batch of the selected line."""
        row = self.chosen_row()
        return None if row is None else self._batches[row]

    def _cells(self, batch: Batch) -> tuple[str, ...]:
        when = QDateTime.fromSecsSinceEpoch(int(batch.started))
        copied = batch.transfer is Transfer.COPY
        what = self.tr("{photos} copied") if copied else self.tr("{photos} moved")
        if not batch.undone:
            now = self.tr("in place")
        elif batch.undone >= batch.photos:
            now = self.tr("undone")
        else:
            now = self.tr("{undone} of {photos} undone").format(
                undone=messages.number(batch.undone), photos=messages.number(batch.photos)
            )
        return (
            QLocale().toString(when, QLocale.FormatType.ShortFormat),
            what.format(photos=messages.photos(batch.photos)),
            messages.place(batch.into),
            self._species_words(batch),
            now,
        )

    def _species_words(self, batch: Batch) -> str:
        ordered = sorted(batch.species.items(), key=lambda item: (-item[1], item[0].casefold()))
        named = [f"{species} ({messages.number(count)})" for species, count in ordered[:_NAMED_SPECIES]]
        rest = len(ordered) - len(named)
        if rest:
            named.append(self.tr("%Ln more", "", rest))
        return ", ".join(named)
