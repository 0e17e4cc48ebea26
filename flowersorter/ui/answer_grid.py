"""A grid of tested photos, each with what it is and what FlowerSorter said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from flowersorter.learning.evaluate import Answer
from flowersorter.sentences import show_path
from flowersorter.ui import messages, theme
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.widgets import set_role

Index = QModelIndex | QPersistentModelIndex

ANSWER_ROLE: Final = Qt.ItemDataRole.UserRole
_PICTURE: Final = 144  # pixels, the side of the square that the photo fits into
_TILE: Final = QSize(_PICTURE + 2 * GRID, _PICTURE + 8 * GRID)


class AnswerModel(QAbstractListModel):
    """Answers in the order given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answers: Sequence[Answer] = ()
        self._rows: dict[Path, int] = {}

    def show(self, answers: Sequence[Answer]) -> None:
        """Replace everything."""
        self.beginResetModel()
        self._answers = answers
        self._rows = {answer.path: row for row, answer in enumerate(answers)}
        self.endResetModel()

    def redraw(self, path: Path) -> None:
        """The thumbnail of `path` has come."""
        row = self._rows.get(path)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._answers)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        answer = self._answers[index.row()]
        if role == ANSWER_ROLE:
            return answer
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(answer)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{self._words(answer)}\n{show_path(answer.path)}"
        return None

    def _words(self, answer: Answer) -> str:
        if answer.correct:
            return self.tr("{species}: named correctly, {percent} sure").format(
                species=answer.species, percent=messages.percent(answer.confidence)
            )
        return self.tr("{species}: taken for {guess}, {percent} sure").format(
            species=answer.species, guess=answer.guess, percent=messages.percent(answer.confidence)
        )


class AnswerGrid(QListView):
    """The view: upright thumbnails with the label below, and the wrong answer in red."""

    opened = Signal(object)  # Answer: double-clicked, or Enter or the space bar pressed on it

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = AnswerModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_Tile(thumbnails, self))
        thumbnails.ready.connect(self._model.redraw)
        set_role(self, "grid")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setSpacing(GRID // 2)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName(self.tr("Tested photos"))
        self.setToolTip(self.tr("Double-click a photo to see it large, and why it was named so."))
        self.doubleClicked.connect(self._open)

    def show_answers(self, answers: Sequence[Answer]) -> None:
        """Replace everything, keeping the order."""
        self._model.show(answers)
        self.scrollToTop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _open(self, index: Index) -> None:
        if index.isValid():
            self.opened.emit(index.data(ANSWER_ROLE))


class _Tile(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return _TILE

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        answer: Answer = index.data(ANSWER_ROLE)
        shades = theme.colors()
        tile = QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QPen(QColor(shades.accent if chosen else shades.border), 2 if chosen else 1))
        painter.setBrush(QColor(shades.surface))
        painter.drawRoundedRect(tile.adjusted(1, 1, -1, -1), 8, 8)

        frame = QRect(tile.left() + GRID, tile.top() + GRID, _PICTURE, _PICTURE)
        pixmap = self._thumbnails.pixmap(answer.path, None)
        if pixmap is None:
            painter.fillRect(frame, QColor(shades.raised))
        else:
            size = pixmap.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(frame.topLeft(), size)
            place.moveCenter(frame.center())
            painter.drawPixmap(place, pixmap)

        line = QRect(frame.left(), frame.bottom() + GRID, _PICTURE, 3 * GRID)
        self._write(painter, line, answer.species, shades.text, QFont.Weight.DemiBold)
        line.translate(0, 3 * GRID)
        words = self.tr("right, {percent} sure") if answer.correct else self.tr("“{guess}”, {percent} sure")
        said = words.format(guess=answer.guess, percent=messages.percent(answer.confidence))
        self._write(painter, line, said, shades.accent if answer.correct else shades.danger)
        painter.restore()

    def _write(
        self,
        painter: QPainter,
        line: QRect,
        words: str,
        color: str,
        weight: QFont.Weight = QFont.Weight.Normal,
    ) -> None:
        font = painter.font()
        font.setWeight(weight)
        painter.setFont(font)
        painter.setPen(QColor(color))
        elided = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
