"""A grid of tested photos, each with what it is and what FlowerSorter said."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from flowersorter.learning.evaluate import Answer
from flowersorter.ui import messages
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.tile_grid import Index, Look, TileGrid


class AnswerGrid(TileGrid):
    """The label below each photo, and the wrong answer in red."""

    opened = Signal(object)  # Answer: double-clicked, or Enter or the space bar pressed on it

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(thumbnails, look_of, parent)
        self.setAccessibleName(self.tr("Tested photos"))
        self.setToolTip(self.tr("Double-click a photo to see it large, and why it was named so."))
        self.doubleClicked.connect(self._open)

    def show_answers(self, answers: Sequence[Answer]) -> None:
        """Replace everything, keeping the order."""
        self.show_records(answers)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _open(self, index: Index) -> None:
        if index.isValid():
            self.opened.emit(self.tiles.record(index.row()))


def look_of(answer: Answer) -> Look:
    """How a tested photo reads."""
    translate, percent = messages.translate, messages.percent(answer.confidence)
    if answer.correct:
        said = translate("AnswerGrid", "right, {percent} sure")
        words = translate("AnswerGrid", "{species}: named correctly, {percent} sure")
    else:
        said = translate("AnswerGrid", "“{guess}”, {percent} sure")
        words = translate("AnswerGrid", "{species}: taken for {guess}, {percent} sure")
    return Look(
        answer.path,
        answer.species,
        said.format(guess=answer.guess, percent=percent),
        "accent" if answer.correct else "danger",
        words.format(species=answer.species, guess=answer.guess, percent=percent),
    )
