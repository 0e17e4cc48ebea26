"""The figures of every species after teaching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from flowersorter.learning.evaluate import SpeciesFigures
from flowersorter.ui import messages, theme
from flowersorter.ui.theme import GRID

Index = QModelIndex | QPersistentModelIndex

SORT_ROLE: Final = Qt.ItemDataRole.UserRole
_NAME, _PHOTOS, _FOUND, _TRUSTED, _REMARK = range(5)


class SpeciesModel(QAbstractTableModel):
    """One line per species."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._figures: Sequence[SpeciesFigures] = ()

    def show(self, figures: Sequence[SpeciesFigures]) -> None:
        """Replace everything."""
        self.beginResetModel()
        self._figures = figures
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._figures)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 5

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                self.tr("Species"),
                self.tr("Tested on"),
                self.tr("Of its photos, recognised"),
                self.tr("When it says so, right"),
                self.tr("Remark"),
            )[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return {_FOUND: self.tr("Recall"), _TRUSTED: self.tr("Precision")}.get(section)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        figures = self._figures[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                figures.species,
                messages.photos(figures.photos),
                _share(figures.recall),
                _share(figures.precision),
                self.tr("too few photos to say") if figures.too_few else "",
            )[index.column()]
        if role == SORT_ROLE:
            return (
                figures.species.casefold(),
                figures.photos,
                _known(figures.recall),
                _known(figures.precision),
                int(figures.too_few),
            )[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.ForegroundRole and figures.too_few and index.column() != _NAME:
            return QColor(theme.colors().muted)
        return None


class SpeciesTable(QTableView):
    """The view, sortable by every column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = SpeciesModel(self)
        ordered = QSortFilterProxyModel(self)
        ordered.setSourceModel(self._model)
        ordered.setSortRole(SORT_ROLE)
        self.setModel(ordered)
        self.setSortingEnabled(True)
        self.sortByColumn(_NAME, Qt.SortOrder.AscendingOrder)
        self.setAccessibleName(self.tr("Figures of every species"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(4 * GRID)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_REMARK, QHeaderView.ResizeMode.Stretch)

    def show_figures(self, figures: Sequence[SpeciesFigures]) -> None:
        """Replace everything."""
        self._model.show(figures)


def _share(share: float | None) -> str:
    return "–" if share is None else messages.percent(share)


def _known(share: float | None) -> float:
    return -1.0 if share is None else share


def _alignment(column: int) -> Qt.AlignmentFlag:
    left = column in (_NAME, _REMARK)
    side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
