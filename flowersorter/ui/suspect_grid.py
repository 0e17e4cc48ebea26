"""The grid of the photos that look wrong: what is said of each, and the keys that choose for it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QWidget

from flowersorter.learning.suspects import Kind
from flowersorter.sentences import show_path
from flowersorter.ui import messages
from flowersorter.ui.cleaning import Cleaning, Tile
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.tile_grid import Look, TileGrid
from flowersorter.ui.widgets import is_plain


class SuspectGrid(TileGrid):
    """Photos of one finding stand beside each other on one ground."""

    suggestion_pressed = Signal()
    aside_pressed = Signal()
    right_pressed = Signal()
    letters_typed = Signal(str)
    large_view_pressed = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(thumbnails, self._look, parent)
        self._cleaning: Cleaning | None = None
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAccessibleName(self.tr("Photos to look at"))

    def show_kind(self, cleaning: Cleaning, kind: Kind) -> None:
        """Show the findings of one kind, the first one selected."""
        self._cleaning = cleaning
        self.show_records(cleaning.tiles(kind))
        self.select_only(0)

    def selected(self) -> list[Tile]:
        """The selected tiles, as they lie in the grid."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        return [self.tiles.record(row) for row in rows]

    def current(self) -> Tile | None:
        row = self.currentIndex().row()
        return None if row < 0 else self.tiles.record(row)

    def step(self, by: int) -> None:
        """Go to the next tile, or the one before."""
        self.select_only(self.currentIndex().row() + by)

    def select_only(self, row: int) -> None:
        count = self.tiles.rowCount()
        if count:
            index = self.tiles.index(max(0, min(row, count - 1)))
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.scrollTo(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if not is_plain(event):
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.suggestion_pressed.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.aside_pressed.emit()
        elif key == Qt.Key.Key_0:
            self.right_pressed.emit()
        elif key == Qt.Key.Key_Space:
            self.large_view_pressed.emit()
        elif key == Qt.Key.Key_F2:
            self.letters_typed.emit("")
        elif event.text() and event.text().isalpha():
            self.letters_typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def said_of(self, tile: Tile) -> tuple[str, bool]:
        """What is said of a photo, and whether the gardener said it."""
        cleaning = self._cleaning
        if cleaning is not None and (change := cleaning.changes.get(tile.photo.path)) is not None:
            if change.species is None:
                return self.tr("→ set aside"), True
            return self.tr("→ {species}").format(species=change.species), True
        if cleaning is not None and tile.finding in cleaning.right:
            return self.tr("is right"), True
        if tile.finding.kind is Kind.MISFILED:
            return self.tr("looks like {species}").format(species=tile.finding.suggestion), False
        if tile.finding.kind is Kind.TWO_SPECIES and tile.finding.suggestion == tile.photo.species:
            return self.tr("more likely"), False
        return show_path(tile.photo.path.relative_to(tile.photo.path.parent)), False

    def _look(self, tile: Any) -> Look:
        said, chosen = self.said_of(tile)
        doubtful = tile.finding.kind is Kind.MISFILED
        words = messages.translate("SuspectGrid", "{species}: {said}")
        return Look(
            tile.photo.path,
            tile.photo.species,
            said,
            "accent" if chosen else "warning" if doubtful else "muted",
            words.format(species=tile.photo.species, said=said),
            tinted=len(tile.finding.photos) > 1 and tile.number % 2 == 1,
        )
