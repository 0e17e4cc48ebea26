"""One finding, large: its photos beside each other, so that twins can be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from flowersorter.sentences import show_path
from flowersorter.ui import messages
from flowersorter.ui.cleaning import Tile
from flowersorter.ui.picture import Preview
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.widgets import Elided, heading, icon_button, is_plain, set_role, text

_BESIDE: Final = 3  # photos of a finding that are shown at once


class SuspectView(QWidget):
    """Shows the finding of a tile; the page acts on what is pressed."""

    step_pressed = Signal(int)  # +1 next, -1 previous
    key_pressed = Signal(object)  # QKeyEvent that the grid would understand
    closed = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = heading("", 2)
        self._words = text("", "muted")
        self.panes = [_Pane(thumbnails) for _ in range(_BESIDE)]
        top = QHBoxLayout()
        top.addWidget(icon_button("previous", self.tr("Previous photo"), lambda: self.step_pressed.emit(-1)))
        top.addWidget(icon_button("next", self.tr("Next photo"), lambda: self.step_pressed.emit(1)))
        top.addWidget(self._title)
        top.addWidget(self._words, 1)
        top.addWidget(icon_button("close", self.tr("Back to all photos"), self.closed.emit))
        beside = QHBoxLayout()
        beside.setSpacing(2 * GRID)
        for pane in self.panes:
            beside.addWidget(pane, 1)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addLayout(top)
        page.addLayout(beside, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_tile(self, tile: Tile, said: str) -> None:
        """Show the photo of a tile first, and the others of its finding beside it."""
        others = [photo for photo in tile.finding.photos if photo != tile.photo]
        photos = [tile.photo, *others][:_BESIDE]
        self._title.setText(tile.photo.species)
        self._words.setText(said)
        for place, pane in enumerate(self.panes):
            pane.setVisible(place < len(photos))
            if place < len(photos):
                pane.show_photo(photos[place].path, photos[place].species)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not is_plain(event):
            super().keyPressEvent(event)
            return
        match event.key():
            case Qt.Key.Key_Space | Qt.Key.Key_Escape:
                self.closed.emit()
            case Qt.Key.Key_Right | Qt.Key.Key_Down:
                self.step_pressed.emit(1)
            case Qt.Key.Key_Left | Qt.Key.Key_Up:
                self.step_pressed.emit(-1)
            case _:
                self.key_pressed.emit(event)


class _Pane(QWidget):
    """A picture with its species and file below."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self.picture = Preview(thumbnails.previews(self))
        self.caption = Elided()
        set_role(self.caption, "muted")
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.picture, 1)
        box.addWidget(self.caption)

    def show_photo(self, path: Path, species: str) -> None:
        """The thumbnail at once, the sharp picture as soon as it is decoded."""
        self.caption.setText(f"{species} / {show_path(path.relative_to(path.parent))}")
        self.caption.setToolTip(messages.tip(show_path(path)))
        if path != self.picture.path:
            self.picture.show_photo(path, self._thumbnails.pixmap(path, None))
