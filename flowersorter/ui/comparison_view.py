"""A new model beside the one before: what is right now, what is wrong now, and which one to use."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from flowersorter.jobs.teach import Taught
from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.compare import Comparison
from flowersorter.learning.evaluate import Answer
from flowersorter.ui import messages
from flowersorter.ui.answer_grid import AnswerGrid
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.widgets import button, heading, text


class ComparisonView(QWidget):
    """Shows the comparison of one `Taught`. `use_requested` carries the model that the gardener wants."""

    use_requested = Signal(object)  # ModelInfo

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._new: ModelInfo | None = None
        self._comparison: Comparison | None = None
        self._in_use: ModelInfo | None = None
        self.verdict = heading("", 3)
        self.verdict.setWordWrap(True)
        self.counts = text("")
        self.right_button = button("", self._show_right)
        self.wrong_button = button("", self._show_wrong)
        self.use_button = button("", self._use)
        for each in (self.right_button, self.wrong_button):
            each.setCheckable(True)
            each.setAutoExclusive(True)
        self.photos = AnswerGrid(thumbnails)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.right_button)
        row.addWidget(self.wrong_button)
        row.addStretch(1)
        row.addWidget(self.use_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, GRID, 0, 0)
        box.setSpacing(GRID)
        box.addWidget(self.verdict)
        box.addWidget(self.counts)
        box.addLayout(row)
        box.addWidget(self.photos, 1)

    def show_comparison(self, taught: Taught, comparison: Comparison) -> None:
        """Show how the new model does beside the earlier one."""
        self._new, self._comparison = taught.info, comparison
        self.counts.setText(self._counts(comparison))
        right, wrong = len(comparison.now_right), len(comparison.now_wrong)
        self.right_button.setText(self.tr("Right now: {number}").format(number=messages.number(right)))
        self.wrong_button.setText(self.tr("Wrong now: {number}").format(number=messages.number(wrong)))
        self.right_button.setEnabled(bool(right))
        self.wrong_button.setEnabled(bool(wrong))
        self.show_in_use(taught.info if comparison.taken else comparison.earlier)
        self.verdict.setText(self._verdict(comparison))
        if wrong:
            self.wrong_button.click()
        else:
            self._show_right()
            self.right_button.setChecked(bool(right))

    def show_in_use(self, info: ModelInfo) -> None:
        """Say which of the two names the photos now, and offer the other."""
        self._in_use = info
        new = info == self._new
        self.verdict.setText(
            self.tr("The new model is in use.") if new else self.tr("The model before is in use.")
        )
        self.use_button.setText(self.tr("Use the earlier model") if new else self.tr("Use the new one"))

    def _verdict(self, comparison: Comparison) -> str:
        if not comparison.taken:
            return self.tr("The new model is clearly worse, so the one before stays in use.")
        if comparison.interval is None:
            return self.tr("Too few photos to say which one is better. The new model is in use.")
        if comparison.interval[0] > 0:
            return self.tr("The new model is better, and is in use.")
        return self.tr("Neither is clearly better. The new model is in use.")

    def _counts(self, comparison: Comparison) -> str:
        return self.tr(
            "Compared with “{name}”, version {version}, on {photos} that neither had learned from: "
            "{right} are right now that were wrong, {wrong} are wrong now that were right."
        ).format(
            name=comparison.earlier.name,
            version=messages.number(comparison.earlier.version),
            photos=messages.photos(comparison.photos),
            right=messages.number(len(comparison.now_right)),
            wrong=messages.number(len(comparison.now_wrong)),
        )

    def _show_right(self) -> None:
        self._show(() if self._comparison is None else self._comparison.now_right)

    def _show_wrong(self) -> None:
        self._show(() if self._comparison is None else self._comparison.now_wrong)

    def _show(self, answers: tuple[Answer, ...]) -> None:
        self.photos.show_answers(sorted(answers, key=lambda each: -each.confidence))

    def _use(self) -> None:
        if self._comparison is not None:
            other = self._comparison.earlier if self._in_use == self._new else self._new
            self.use_requested.emit(other)
