"""The versions of one model, with date and accuracy; choosing one puts it in force."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from flowersorter.learning.bundle import ModelInfo
from flowersorter.ui import messages
from flowersorter.ui.choice import Choice
from flowersorter.ui.theme import GRID


class VersionChooser(QWidget):
    """Hidden where there is only one version."""

    version_chosen = Signal(object)  # ModelInfo

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._versions: Sequence[ModelInfo] = ()
        self._in_force = 0
        self.combo = Choice()
        self.combo.activated.connect(self._choose)
        label = QLabel(self.tr("Version in use"))
        label.setBuddy(self.combo)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(label)
        row.addWidget(self.combo, 1)
        self.hide()

    def show_versions(self, versions: Sequence[ModelInfo], in_force: int) -> None:
        """Show the versions, newest first, and the number of the one in force."""
        self._versions, self._in_force = versions, in_force
        self.combo.clear()
        self.combo.addItems([self._words(info) for info in versions])
        numbers = [info.version for info in versions]
        self.combo.setCurrentIndex(numbers.index(in_force) if in_force in numbers else -1)
        self.setVisible(len(versions) > 1)

    def _words(self, info: ModelInfo) -> str:
        words = self.tr("{number}: taught on {date}, {photos}").format(
            number=messages.number(info.version),
            date=messages.date_words(info.created),
            photos=messages.photos(info.photos),
        )
        if info.accuracy is None:
            return words
        return words + self.tr(", {percent} right").format(percent=messages.percent(info.accuracy))

    def _choose(self, row: int) -> None:
        if self._versions[row].version != self._in_force:
            self.version_chosen.emit(self._versions[row])
