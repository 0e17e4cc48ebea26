"""A grid of tested photos, each with what it is and what FlowerSorter said."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from flowersorter.learning.evaluate import Answer
from flowersorter.ui import messages
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.tile_grid import Look, TileGrid


class AnswerGrid(TileGrid):
    """The label below each photo, and the wrong answer in red."""

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(thumbnails, look_of, parent)
        self.setAccessibleName(self.tr("Tested photos"))

    def show_answers(self, answers: Sequence[Answer]) -> None:
        """Replace everything, keeping the order."""
        self.show_records(answers)


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
