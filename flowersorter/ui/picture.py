"""One picture, as large as fits, as sharp as that needs, with a heat map over it where one was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from flowersorter.ui import messages
from flowersorter.ui.thumbnails import Previews

if TYPE_CHECKING:
    from flowersorter.jobs.explain import Frame

_UNSEEN = QColor(0, 0, 0, 150)
_LEAST: Final = 800  # pixels of the long side that are asked for at least


class Picture(QWidget):
    """A picture, or a sentence instead."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmap: QPixmap | None = None
        self._words = ""
        self._heat: tuple[QImage, Frame] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(200, 200))

    def show_pixmap(self, pixmap: QPixmap | None) -> None:
        self._pixmap, self._words = pixmap, ""
        self.update()

    def show_words(self, words: str) -> None:
        self._pixmap, self._words, self._heat = None, words, None
        self.update()

    def show_heat(self, heat: QImage | None, seen: Frame | None = None) -> None:
        """Lay `heat` over the part `seen` of the picture; None takes it away."""
        self._heat = None if heat is None or seen is None else (heat, seen)
        self.update()

    def has_heat(self) -> bool:
        return self._heat is not None

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._pixmap is None:
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._words
            )
            return
        target = self.rect()
        target.setSize(self._pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio))
        target.moveCenter(self.rect().center())
        painter.drawPixmap(target, self._pixmap)
        if self._heat is not None:
            self._paint_heat(painter, target, *self._heat)

    def _paint_heat(self, painter: QPainter, target: QRect, heat: QImage, seen: Frame) -> None:
        """The colours inside the frame that the network sees; around it the photo is dimmed."""
        frame = QRectF(
            target.left() + seen.left * target.width(),
            target.top() + seen.top * target.height(),
            seen.width * target.width(),
            seen.height * target.height(),
        )
        around = QPainterPath()
        around.addRect(QRectF(target))
        inside = QPainterPath()
        inside.addRect(frame)
        painter.fillPath(around.subtracted(inside), _UNSEEN)
        painter.drawImage(frame, heat)
        painter.setPen(QPen(QColor(255, 255, 255, 200), 1, Qt.PenStyle.DashLine))
        painter.drawRect(frame.adjusted(0.5, 0.5, -0.5, -0.5))


class Preview(Picture):
    """A photo: its thumbnail at once, the sharp picture as soon as it is decoded, or why there is none."""

    def __init__(self, previews: Previews) -> None:
        super().__init__()
        self._previews = previews
        self._path: Path | None = None  # of the photo that is shown, or on its way
        self._asked = 0  # pixels of its long side
        previews.ready.connect(self._take)

    @property
    def path(self) -> Path | None:
        """The photo that is shown; None for words."""
        return self._path

    def show_photo(self, path: Path, thumbnail: QPixmap | None) -> None:
        self._path, self._asked = path, 0
        self.show_pixmap(thumbnail)
        self._fetch()

    def show_words(self, words: str) -> None:
        self._path = None
        super().show_words(words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fetch()

    def _fetch(self) -> None:
        """Ask for the photo, unless what was asked for is sharp enough."""
        side = round(max(self.width(), self.height(), _LEAST) * self.devicePixelRatioF())
        if self._path is not None and side > self._asked:
            self._asked = side
            self._previews.fetch(self._path, side)

    def _take(self, path: Path, answer: QImage | Exception) -> None:
        if path != self._path:
            return  # of a photo that was left meanwhile
        if isinstance(answer, QImage):
            self.show_pixmap(QPixmap.fromImage(answer))
        else:
            self.show_words(messages.say_error(answer))
