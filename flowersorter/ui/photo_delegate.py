"""How one photo is drawn in the grid: picture, species, how sure, and what was said of it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from flowersorter.ui import messages, theme
from flowersorter.ui.photo_model import ROW_ROLE, Index
from flowersorter.ui.place_words import kind_words, place_words
from flowersorter.ui.review import Review, Standing, confidence
from flowersorter.ui.theme import GRID, Colors
from flowersorter.ui.thumbnails import Thumbnails

_MARK: Final = 22  # pixels, the round mark in the corner
_BAR: Final = 4


class PhotoDelegate(QStyledItemDelegate):
    """Draws tiles of `side` pixels of picture with two lines of text below."""

    def __init__(self, review: Review, thumbnails: Thumbnails, side: int, parent: QObject) -> None:
        super().__init__(parent)
        self.review = review
        self._thumbnails = thumbnails
        self._side = side
        self._cell = QSize()
        self._marks: dict[tuple[str, str], QIcon] = {}

    def set_side(self, side: int) -> None:
        self._side = side

    def set_cell(self, cell: QSize) -> None:
        """The size that the grid gives each tile; at least `tile_size`."""
        self._cell = cell

    def tile_size(self, metrics: QFontMetrics) -> QSize:
        """The size of one tile with the space around it."""
        text = 2 * metrics.height() + _BAR + 2 * GRID
        return QSize(self._side + 3 * GRID, self._side + text + 2 * GRID)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return self._cell

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        shades = theme.colors()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        tile = option.rect.adjusted(GRID // 2, GRID // 2, -GRID // 2, -GRID // 2)
        self._paint_ground(painter, tile, option.state, shades)
        inner = tile.adjusted(GRID, GRID, -GRID, -GRID)
        picture = QRect(inner.left(), inner.top(), inner.width(), self._side)
        self._paint_picture(painter, picture, row, shades)
        self._paint_mark(painter, picture, row, shades)
        words = QRect(
            inner.left(), picture.bottom() + GRID // 2, inner.width(), inner.bottom() - picture.bottom()
        )
        self._paint_words(painter, words, row, option.font, shades)
        painter.restore()

    def _paint_ground(self, painter: QPainter, tile: QRect, state: QStyle.StateFlag, shades: Colors) -> None:
        selected = bool(state & QStyle.StateFlag.State_Selected)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        ground = shades.accent_soft if selected else shades.raised if hovered else shades.surface
        edge = shades.text if focused else shades.accent if selected else shades.border
        painter.setBrush(QColor(ground))
        painter.setPen(QPen(QColor(edge), 2 if selected or focused else 1))
        painter.drawRoundedRect(QRectF(tile).adjusted(1, 1, -1, -1), GRID, GRID)

    def _paint_picture(self, painter: QPainter, area: QRect, row: int, shades: Colors) -> None:
        one = self.review.photos[row]
        pixmap = None if one.problem else self._thumbnails.pixmap(one.photo.path, one.digest)
        if pixmap is None:
            painter.fillRect(area, QColor(shades.raised))
            if one.problem is not None or self._thumbnails.failed(one.photo.path):
                self._draw_icon(painter, "warning", area.center(), 40, shades.warning)
            return
        size = pixmap.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(QPoint(0, 0), size)
        target.moveCenter(area.center())
        path = QPainterPath()
        path.addRoundedRect(QRectF(target), 4, 4)
        painter.save()
        painter.setClipPath(path)
        painter.drawPixmap(target, pixmap)
        painter.restore()

    def _paint_mark(self, painter: QPainter, area: QRect, row: int, shades: Colors) -> None:
        mark = self._mark(row)
        if mark is None:
            return
        icon, ground = mark
        spot = QRect(area.right() - _MARK - 2, area.top() + 4, _MARK, _MARK)
        painter.setPen(QPen(QColor(shades.surface), 2))
        painter.setBrush(QColor(getattr(shades, ground)))
        painter.drawEllipse(spot)
        self._draw_icon(
            painter, icon, spot.center(), _MARK - 8, shades.on_accent if ground != "raised" else shades.text
        )

    def _mark(self, row: int) -> tuple[str, str] | None:
        """The icon of what was said of the photo, and the colour of its ground."""
        one, place, decision = self.review.photos[row], self.review.place(row), self.review.decision(row)
        if place.standing is Standing.FILED:
            return "folder", "raised"
        if place.standing is Standing.LEFT:
            return "leave", "raised"
        if decision is None:
            return None
        agrees = one.guess is not None and one.guess.best.species == decision.species
        return ("check", "accent") if agrees else ("pencil", "accent")

    def _paint_words(self, painter: QPainter, area: QRect, row: int, font: QFont, shades: Colors) -> None:
        one, place = self.review.photos[row], self.review.place(row)
        unsure = place.standing is Standing.UNSURE
        first = QRect(area.left(), area.top(), area.width(), painter.fontMetrics().height())
        strong = QFont(font)
        strong.setWeight(QFont.Weight.DemiBold)
        painter.setFont(strong)
        painter.setPen(QColor(shades.warning if unsure else shades.text))
        metrics = QFontMetrics(strong)
        title = metrics.elidedText(place_words(place), Qt.TextElideMode.ElideRight, first.width())
        painter.drawText(first, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        second = first.translated(0, first.height() + 2)
        painter.setFont(font)
        painter.setPen(QColor(shades.muted))
        line, elided = kind_words(one, place), Qt.TextElideMode.ElideRight
        if one.guess is None or self.review.decision(row) is not None or place.standing is Standing.FILED:
            line = one.photo.path.name.encode("utf-8", "replace").decode()
            elided = Qt.TextElideMode.ElideMiddle  # the end of a file's name tells it from others
        elif one.guess.stranger:
            line = messages.translate("place", "Unlike anything it was taught")
        if line:
            line = painter.fontMetrics().elidedText(line, elided, second.width())
            painter.drawText(second, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)
            return
        share = confidence(one)
        words = messages.percent(share)
        width = painter.fontMetrics().horizontalAdvance(words)
        painter.drawText(second, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        bar = QRectF(second.left(), second.center().y() - _BAR / 2 + 1, second.width() - width - GRID, _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(shades.border))
        painter.drawRoundedRect(bar, 2, 2)
        bar.setWidth(bar.width() * share)
        painter.setBrush(QColor(shades.warning if unsure else shades.accent))
        painter.drawRoundedRect(bar, 2, 2)

    def _draw_icon(self, painter: QPainter, name: str, center: QPoint, side: int, color: str) -> None:
        icon = self._marks.get((name, color))
        if icon is None:
            icon = QIcon(theme.draw_icon(name, 4 * side, color))
            self._marks[name, color] = icon
        spot = QRect(0, 0, side, side)
        spot.moveCenter(center)
        icon.paint(painter, spot)
