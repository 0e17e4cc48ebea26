"""A grid of photos with two lines below each; a function says what is written there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from flowersorter.sentences import show_path
from flowersorter.ui import messages, theme
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.widgets import set_role

Index = QModelIndex | QPersistentModelIndex

LOOK_ROLE: Final = Qt.ItemDataRole.UserRole
_PICTURE: Final = 144  # pixels, the side of the square that the photo fits into
_TILE: Final = QSize(_PICTURE + 2 * GRID, _PICTURE + 8 * GRID)


@dataclass(frozen=True, slots=True)
class Look:
    """What one tile shows. `tone` colours the second line; `words` is the whole, for the tool tip."""

    path: Path
    title: str
    said: str
    tone: Literal["accent", "danger", "muted", "warning"]
    words: str
    tinted: bool = False  # tells neighbours that belong together from the next ones


class TileModel(QAbstractListModel):
    """Records in the order given."""

    def __init__(self, look: Callable[[Any], Look], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._records: Sequence[Any] = ()
        self._rows: dict[Path, int] = {}

    def show(self, records: Sequence[Any]) -> None:
        """Replace everything."""
        self.beginResetModel()
        self._records = records
        self._rows = {self._look(record).path: row for row, record in enumerate(records)}
        self.endResetModel()

    def record(self, row: int) -> Any:
        return self._records[row]

    def redraw(self, path: Path) -> None:
        """The thumbnail of `path` has come, or something else is said of it."""
        row = self._rows.get(path)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._records)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        look = self._look(self._records[index.row()])
        if role == LOOK_ROLE:
            return look
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return look.words
        if role == Qt.ItemDataRole.ToolTipRole:
            return messages.tip(f"{look.words}\n{show_path(look.path)}")
        return None


class TileGrid(QListView):
    """The view: upright thumbnails with two lines below."""

    def __init__(
        self, thumbnails: Thumbnails, look: Callable[[Any], Look], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.tiles = TileModel(look, self)
        self.setModel(self.tiles)
        self.setItemDelegate(_Tile(thumbnails, self))
        thumbnails.ready.connect(self.tiles.redraw)
        set_role(self, "grid")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setSpacing(GRID // 2)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)

    def show_records(self, records: Sequence[Any]) -> None:
        """Replace everything, keeping the order."""
        self.tiles.show(records)
        self.scrollToTop()


class _Tile(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return _TILE

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look: Look = index.data(LOOK_ROLE)
        shades = theme.colors()
        tile = QRect(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QPen(QColor(shades.accent if chosen else shades.border), 2 if chosen else 1))
        ground = shades.accent_soft if chosen else shades.raised if look.tinted else shades.surface
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(tile.adjusted(1, 1, -1, -1), 8, 8)

        frame = QRect(tile.left() + GRID, tile.top() + GRID, _PICTURE, _PICTURE)
        pixmap = self._thumbnails.pixmap(look.path, None)
        if pixmap is None:
            painter.fillRect(frame, QColor(shades.raised))
        else:
            size = pixmap.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(frame.topLeft(), size)
            place.moveCenter(frame.center())
            painter.drawPixmap(place, pixmap)

        line = QRect(frame.left(), frame.bottom() + GRID, _PICTURE, 3 * GRID)
        self._write(painter, line, look.title, shades.text, QFont.Weight.DemiBold)
        line.translate(0, 3 * GRID)
        self._write(painter, line, look.said, getattr(shades, look.tone))
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
