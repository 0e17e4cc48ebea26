"""The taught photos that are most like the one that is explained, in one row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from flowersorter.sentences import show_path
from flowersorter.ui import messages, theme
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Thumbnails

if TYPE_CHECKING:
    from flowersorter.jobs.explain import Neighbour

_PICTURE: Final = 88  # pixels, the side of the square that the photo fits into


class Neighbours(QWidget):
    """A tile per photo, the likest first."""

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._tiles: list[_Tile] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID)
        self._row.addStretch(1)
        thumbnails.ready.connect(self._redraw)

    def show_neighbours(self, neighbours: Sequence[Neighbour], species: str) -> None:
        """Replace everything; those of another species than `species` are marked."""
        for tile in self._tiles:
            self._row.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self._tiles = [_Tile(self._thumbnails, one, other=one.species != species) for one in neighbours]
        for place, tile in enumerate(self._tiles):
            self._row.insertWidget(place, tile)

    def words(self) -> list[str]:
        """What each tile says, in order."""
        return [tile.accessibleName() for tile in self._tiles]

    def _redraw(self, path: Path) -> None:
        for tile in self._tiles:
            if tile.path == path:
                tile.update()


class _Tile(QWidget):
    def __init__(self, thumbnails: Thumbnails, neighbour: Neighbour, *, other: bool) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self._neighbour = neighbour
        self._other = other
        self.setFixedSize(QSize(_PICTURE, _PICTURE + 3 * GRID))
        self.setAccessibleName(neighbour.species)
        likeness = self.tr("Likeness: {number} of 1").format(number=messages.decimal(neighbour.likeness, 2))
        self.setToolTip(messages.tip(f"{neighbour.species}\n{likeness}\n{show_path(neighbour.path)}"))

    @property
    def path(self) -> Path:
        return self._neighbour.path

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        shades = theme.colors()
        frame = QRect(0, 0, _PICTURE, _PICTURE)
        pixmap = self._thumbnails.pixmap(self._neighbour.path, self._neighbour.digest)
        if pixmap is None:
            painter.fillRect(frame, QColor(shades.raised))
        else:
            size = pixmap.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(frame.topLeft(), size)
            place.moveCenter(frame.center())
            painter.drawPixmap(place, pixmap)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold if self._other else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(shades.danger if self._other else shades.text))
        line = QRect(0, _PICTURE, _PICTURE, 3 * GRID)
        words = painter.fontMetrics().elidedText(
            self._neighbour.species, Qt.TextElideMode.ElideRight, line.width()
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, words)
