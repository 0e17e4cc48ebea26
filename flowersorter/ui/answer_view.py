"""One tested photo of the report, large: what it is, what it was taken for, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from flowersorter.learning.evaluate import Answer
from flowersorter.sentences import show_path
from flowersorter.ui import messages
from flowersorter.ui.explained_photo import ExplainedPhoto
from flowersorter.ui.explanations import Explanations, Wish
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Previews, Thumbnails
from flowersorter.ui.widgets import Elided, button, heading, set_role, text

if TYPE_CHECKING:
    from flowersorter.jobs.explain import Explanation
    from flowersorter.learning.bundle import ModelInfo

_RUNNERS_UP = 3


class AnswerView(QDialog):
    """Shows one answer; Escape closes it."""

    def __init__(
        self,
        thumbnails: Thumbnails,
        previews: Previews,
        explanations: Explanations,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("A tested photo"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(80 * GRID, 70 * GRID)
        self._wish: Wish | None = None
        self._title = heading("", 2)
        self._test = text("")
        self._now = text("", "muted")
        self._file = Elided()
        set_role(self._file, "muted")
        self.photo = ExplainedPhoto(thumbnails, previews, explanations)
        self.photo.set_on(True)
        explanations.ready.connect(self._take)
        close = button(self.tr("Close"), self.close)
        close.setDefault(True)
        below = QHBoxLayout()
        below.addWidget(self._file, 1)
        below.addWidget(close)
        box = QVBoxLayout(self)
        box.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        box.setSpacing(GRID)
        for widget in (self._title, self._test, self._now):
            box.addWidget(widget)
        box.addWidget(self.photo, 1)
        box.addLayout(below)

    def show_answer(self, answer: Answer, model: ModelInfo) -> None:
        """Show the photo of one answer, and explain what was said of it."""
        self._title.setText(answer.species)
        percent = messages.percent(answer.confidence)
        words = (
            self.tr("In the test it was named correctly, {percent} sure.")
            if answer.correct
            else self.tr("In the test it was taken for “{guess}”, {percent} sure.")
        )
        self._test.setText(words.format(guess=answer.guess, percent=percent))
        self._now.setText("")
        self._file.setText(show_path(answer.path))
        self._wish = Wish(model, answer.path, answer.guess)
        self.photo.show_photo(answer.path, None)
        self.photo.explain(self._wish)

    def words(self) -> str:
        """What is said above the photo."""
        return " ".join(label.text() for label in (self._title, self._test, self._now))

    def _take(self, wish: Wish, explanation: Explanation | Exception) -> None:
        """The test asked a head that had not seen this photo; what explains it is the finished one."""
        if wish != self._wish or isinstance(explanation, Exception):
            return
        ranking = ", ".join(
            f"{score.species} {messages.percent(score.confidence)}"
            for score in explanation.ranking[:_RUNNERS_UP]
        )
        self._now.setText(
            self.tr("The finished model, which may have learned from this photo, says: {ranking}.").format(
                ranking=ranking
            )
        )
