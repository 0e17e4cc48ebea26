"""A table of texts of which one line can be chosen: the batches, the models."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from flowersorter.ui import messages
from flowersorter.ui.theme import GRID


class PlainTable(QTableWidget):
    """Read-only lines; the columns in `stretched` share what room is left, the others fit their texts."""

    def __init__(
        self, name: str, headers: Sequence[str], stretched: Sequence[int], parent: QWidget | None = None
    ) -> None:
        super().__init__(0, len(headers), parent)
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(list(headers))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(4 * GRID)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in range(len(headers)):
            fit, stretch = QHeaderView.ResizeMode.ResizeToContents, QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(column, stretch if column in stretched else fit)

    def show_rows(self, rows: Sequence[Sequence[str]], chosen: int = 0) -> None:
        """Replace all lines and choose one. A cell's tool tip is its whole text."""
        self.clearSelection()
        self.setRowCount(len(rows))
        for row, cells in enumerate(rows):
            for column, words in enumerate(cells):
                item = QTableWidgetItem(words)
                item.setToolTip(messages.tip(words))
                self.setItem(row, column, item)
        if rows:
            self.selectRow(chosen)

    def chosen_row(self) -> int | None:
        """The selected line."""
        return self.currentRow() if self.selectedItems() else None
