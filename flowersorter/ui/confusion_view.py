"""The mix-ups: for every species, what its photos were taken for. A click on a cell shows those photos."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from flowersorter.learning.evaluate import Validation
from flowersorter.ui import messages, theme
from flowersorter.ui.theme import GRID

Index = QModelIndex | QPersistentModelIndex

SHARE_ROLE: Final = Qt.ItemDataRole.UserRole  # of the row's photos, the part in this cell, 0 to 1
_CELL: Final = QSize(52, 36)
_LONGEST_HEADER: Final = 150  # pixels


def mix_ups(validation: Validation) -> list[tuple[int, int, int]]:
    """Every mix-up as (photos, row, column), the most frequent first."""
    wrong = [
        (count, row, column)
        for row, counts in enumerate(validation.confusion)
        for column, count in enumerate(counts)
        if row != column and count
    ]
    return sorted(wrong, key=lambda cell: -cell[0])


class ConfusionModel(QAbstractTableModel):
    """Counts; a row is what the photos are, a column what they were taken for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._species: tuple[str, ...] = ()
        self._counts: tuple[tuple[int, ...], ...] = ()

    def show(self, validation: Validation) -> None:
        """Replace everything."""
        self.beginResetModel()
        self._species = validation.species
        self._counts = validation.confusion
        self.endResetModel()

    def names(self, index: Index) -> tuple[str, str]:
        """What the photos of a cell are, and what they were taken for."""
        return self._species[index.row()], self._species[index.column()]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._species)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._species)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,  # noqa: ARG002 - the same names on both sides
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._species[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return messages.tip(self._species[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        count = self._counts[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return messages.number(count) if count else ""
        if role == SHARE_ROLE:
            return count / max(1, sum(self._counts[index.row()]))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._words(*self.names(index), count)
        if role == Qt.ItemDataRole.ToolTipRole:
            return messages.tip(self._words(*self.names(index), count))
        return None

    def _words(self, label: str, guess: str, count: int) -> str:
        if label == guess:
            words = self.tr("{photos} of {label} named correctly")
        else:
            words = self.tr("{photos} of {label} taken for {guess}")
        return words.format(photos=messages.photos(count), label=label, guess=guess)


class ConfusionView(QTableView):
    """The table: right answers green, wrong ones red, the stronger the more of the row they are."""

    cell_chosen = Signal(str, str)  # what the photos are, what they were taken for

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ConfusionModel(self)
        self.setModel(self._model)
        self.setItemDelegate(_Cell(self))
        self.setAccessibleName(
            self.tr("Mix-ups: rows are what the photos are, columns what they were taken for")
        )
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setHorizontalHeader(_SteepHeader(self))
        for header, size in (
            (self.horizontalHeader(), _CELL.width()),
            (self.verticalHeader(), _CELL.height()),
        ):
            header.setMinimumSectionSize(24)
            header.setDefaultSectionSize(size)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setHighlightSections(True)
        self.verticalHeader().setMaximumWidth(_LONGEST_HEADER + 2 * GRID)
        self.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.selectionModel().currentChanged.connect(self._choose)

    def show_validation(self, validation: Validation) -> None:
        """Replace everything."""
        self._model.show(validation)

    def choose(self, row: int, column: int) -> None:
        """Choose a cell, as a click on it does."""
        self.setCurrentIndex(self._model.index(row, column))

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.cell_chosen.emit(*self._model.names(index))


class _Cell(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        shades = theme.colors()
        share: float = index.data(SHARE_ROLE)
        right = index.row() == index.column()
        ground = QColor(shades.accent if right else shades.danger)
        ground.setAlphaF(0.12 + 0.5 * share if share else 0.0)
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(option.rect, QColor(shades.surface))
        painter.fillRect(option.rect.adjusted(1, 1, -1, -1), ground)
        painter.setPen(QColor(shades.text))
        painter.drawText(option.rect, Qt.AlignmentFlag.AlignCenter, index.data())
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(shades.text), 2))
            painter.drawRect(option.rect.adjusted(2, 2, -2, -2))
        painter.restore()


class _SteepHeader(QHeaderView):
    """Column names written upwards, so that long names fit above narrow columns."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(False)

    def sizeHint(self) -> QSize:
        names = [self._name(section) for section in range(self.count())]
        longest = max((self.fontMetrics().horizontalAdvance(name) for name in names), default=0)
        return QSize(super().sizeHint().width(), min(longest, _LONGEST_HEADER) + 3 * GRID)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        shades = theme.colors()
        painter.save()
        painter.fillRect(rect, QColor(shades.raised))
        painter.setPen(QColor(shades.muted))
        painter.setFont(QFont(self.font()))
        painter.translate(rect.left(), rect.bottom())
        painter.rotate(-90)
        room = QRect(GRID, 0, rect.height() - GRID, rect.width())
        name = self.fontMetrics().elidedText(
            self._name(section), Qt.TextElideMode.ElideRight, room.width() - GRID
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.restore()

    def _name(self, section: int) -> str:
        return str(self.model().headerData(section, Qt.Orientation.Horizontal))
