"""Fields below each other, each with its name at its side."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from flowersorter.ui.theme import GRID


class Form(QGridLayout):
    """Names on the left, centred beside their fields (a QFormLayout hangs them too high)."""

    def __init__(self) -> None:
        super().__init__()
        self.setHorizontalSpacing(2 * GRID)
        self.setVerticalSpacing(GRID)
        self.setColumnStretch(1, 1)

    def add_field(self, words: str, field: QWidget) -> None:
        label = QLabel(words)
        label.setBuddy(field)
        row = self.rowCount()
        self.addWidget(label, row, 0, Qt.AlignmentFlag.AlignVCenter)
        self.addWidget(field, row, 1)

    def add_wide(self, widget: QWidget) -> None:
        """A widget that needs no name."""
        self.addWidget(widget, self.rowCount(), 0, 1, 2)
