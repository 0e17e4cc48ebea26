"""Photos in folding groups: the plan's folders, a receipt's reasons, the problems of a teaching folder.

The model makes no item per photo, so that fifty thousand of them cost nothing until they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFont, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

from flowersorter.records import Left, Stay
from flowersorter.sentences import show_path
from flowersorter.ui import messages

Index = QModelIndex | QPersistentModelIndex

NAME, COUNT, NOTE = range(3)
NOTE_SHARE: Final = 0.3  # of the width; names are long, and notes a word or two
_ROW_HEIGHT: Final = 28  # pixels
_TOP: Final = 0  # the internal id of a group; a row carries its group's number plus one


@dataclass(frozen=True, slots=True)
class Group:
    """A heading with the records under it."""

    title: str
    note: str
    rows: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Line:
    """How one record reads: its name, what is said of it, and the whole of it for the tool tip."""

    name: str
    note: str = ""
    whole: str = ""


class GroupModel(QAbstractItemModel):
    """Groups with a count each, and under them one line per record."""

    def __init__(
        self, headers: tuple[str, str, str], describe: Callable[[Any], Line], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._headers = headers
        self._describe = describe
        self._groups: Sequence[Group] = ()

    def show(self, groups: Sequence[Group]) -> None:
        """Replace everything."""
        self.beginResetModel()
        self._groups = groups
        self.endResetModel()

    def record(self, index: Index) -> Any:
        """The record of a line, None for a heading."""
        if not index.isValid() or index.internalId() == _TOP:
            return None
        return self._groups[index.internalId() - 1].rows[index.row()]

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else _TOP)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        if not index.isValid() or index.internalId() == _TOP:
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, _TOP)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._groups)
        if parent.internalId() == _TOP and parent.column() == 0:
            return len(self._groups[parent.row()].rows)
        return 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: ARG002, B008
        return 3

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._headers[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        top = index.internalId() == _TOP
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, _ROW_HEIGHT)
        if role == Qt.ItemDataRole.FontRole:
            return _heading_font() if top and index.column() != NOTE else None
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if top:
            group = self._groups[index.row()]
            cells = (group.title, messages.number(len(group.rows)), group.note)
            words = cells[index.column()]
            return messages.tip(words) if role == Qt.ItemDataRole.ToolTipRole else words
        line = self._describe(self.record(index))
        if role == Qt.ItemDataRole.ToolTipRole:
            return messages.tip(line.whole or line.name)
        return (line.name, "", line.note)[index.column()]


class GroupTree(QTreeView):
    """The view of a `GroupModel`; without a third header the lines have no note beside them."""

    def __init__(
        self,
        headers: tuple[str, str, str],
        describe: Callable[[Any], Line],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._model = GroupModel(headers, describe, self)
        self.setModel(self._model)
        self.setUniformRowHeights(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAllColumnsShowFocus(True)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(COUNT, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NOTE, QHeaderView.ResizeMode.Fixed)
        self.setColumnHidden(NOTE, not headers[NOTE])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.header().resizeSection(NOTE, int(NOTE_SHARE * self.viewport().width()))

    def show_groups(self, groups: Sequence[Group], *, open_up_to: int = 0) -> None:
        """Replace everything; groups of at most `open_up_to` records are opened."""
        self._model.show(groups)
        for number, group in enumerate(groups):
            self.setExpanded(self._model.index(number, 0), 0 < len(group.rows) <= open_up_to)


def by_reason(stays: Iterable[Stay | Left]) -> list[Group]:
    """Group photos under the sentence of their reason, in the order in which the reasons first come."""
    groups: dict[tuple[object, ...], list[Stay | Left]] = {}
    for stay in stays:
        groups.setdefault((stay.reason.code, *stay.reason.arguments.items()), []).append(stay)
    return [Group(messages.say(rows[0].reason), "", rows) for rows in groups.values()]


def stay_line(stay: Stay | Left) -> Line:
    """The line of a photo that was not moved, below the reason."""
    return photo_line(stay.photo.path if isinstance(stay, Stay) else stay.path)


def photo_line(path: Path) -> Line:
    """The line of one photo: its name, and its whole path as the tool tip."""
    return Line(file_name(path), "", show_path(path))


def file_name(path: Path) -> str:
    """The last part of a path, with replacement characters for odd bytes."""
    return show_path(Path(path.name))


def _heading_font() -> QFont:
    font = QGuiApplication.font()
    font.setWeight(QFont.Weight.DemiBold)
    return font


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == COUNT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
