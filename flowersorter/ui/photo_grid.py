"""The grid of photos: selection, keys and dragging. What a key does is decided by the review page."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QMimeData, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDrag,
    QFont,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QWidget

from flowersorter.ui import theme
from flowersorter.ui.photo_delegate import PhotoDelegate
from flowersorter.ui.photo_model import PhotoModel
from flowersorter.ui.review import MAX_KEYS
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import is_plain, set_role

_BADGE: Final = 44  # pixels, the count that is dragged
_MANY: Final = 500  # tiles, more than a screen shows


class PhotoGrid(QListView):
    """Tiles of equal size that fill the width."""

    confirm_pressed = Signal()
    leave_pressed = Signal()
    number_pressed = Signal(int)
    letters_typed = Signal(str)
    large_view_pressed = Signal()

    def __init__(self, model: PhotoModel, delegate: PhotoDelegate, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._photos = model
        self._tiles = delegate
        self.setModel(model)
        self.setItemDelegate(delegate)
        # a wrapping list of equal sizes is laid out at once; QListView's icon mode does it item by item
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Photos"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        set_role(self, "grid")

    def selected_rows(self) -> list[int]:
        """The selected photos' rows in the review, as they lie in the grid."""
        return [row for span in self._selected_spans() for row in self._photos.rows_at(span)]

    def selected_count(self) -> int:
        return sum(len(span) for span in self._selected_spans())

    def select_only(self, position: int) -> None:
        """Make the tile at `position` (clamped) the current and only selected one."""
        count = self._photos.rowCount()
        if not count:
            return
        index = self._photos.index(max(0, min(position, count - 1)), 0)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(index)

    def repaint_tiles(self) -> None:
        """A thumbnail has come."""
        self.viewport().update()

    def set_side(self, side: int) -> None:
        """Change the size of the pictures, keeping the current one in view."""
        self._tiles.set_side(side)
        self._fit()
        self.scrollTo(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if not is_plain(event):
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirm_pressed.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.leave_pressed.emit()
        elif key == Qt.Key.Key_Space:
            self.large_view_pressed.emit()
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_0 + MAX_KEYS:
            self.number_pressed.emit(key - Qt.Key.Key_0)
        elif event.text() and event.text().isalpha():
            self.letters_typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Drag a badge with the number of photos: hundreds of pictures under the pointer hide the target."""
        indexes = self.selectionModel().selectedIndexes()
        if not indexes:
            return
        drag = QDrag(self)
        data: QMimeData = self._photos.mimeData(indexes)
        drag.setMimeData(data)
        drag.setPixmap(self._badge(len(indexes)))
        drag.setHotSpot(QPoint(-GRID, _BADGE // 2))  # beside the pointer, so that the target can be read
        drag.exec(actions)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """Qt adds up the tiles one by one, also those that are out of sight: thousands take too long."""
        tiles = sum(selection.at(place).height() for place in range(selection.size()))
        if tiles > _MANY:
            return QRegion(self.viewport().rect())
        return super().visualRegionForSelection(selection)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._photos.review.photos and not self._photos.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(theme.colors().muted))
            painter.drawText(
                self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, self.tr("There is no photo here.")
            )
            painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    def _selected_spans(self) -> list[range]:
        """Ascending; thousands of photos are a few spans."""
        selection = self.selectionModel().selection()
        spans = [
            range(part.top(), part.bottom() + 1)
            for part in (selection.at(i) for i in range(selection.size()))
        ]
        return sorted(spans, key=lambda span: span.start)

    def _fit(self) -> None:
        """Share what is left of a row among its tiles."""
        tile = self._tiles.tile_size(self.fontMetrics())
        width = self.viewport().width()
        columns = max(1, width // tile.width())
        cell = QSize(max(tile.width(), (width - 1) // columns), tile.height())
        self._tiles.set_cell(cell)
        self.setGridSize(cell)

    def _badge(self, count: int) -> QPixmap:
        shades = theme.colors()
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(QSize(_BADGE, _BADGE) * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(shades.accent))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(0, 0, _BADGE, _BADGE)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.Bold)
        painter.setFont(font)
        painter.setPen(QColor(shades.on_accent))
        painter.drawText(0, 0, _BADGE, _BADGE, Qt.AlignmentFlag.AlignCenter, str(count))
        painter.end()
        return pixmap
