"""The navigation rail: logo, pages, and what is always at hand at the bottom."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from flowersorter.ui import theme
from flowersorter.ui.actions import Key
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import heading, set_role

_WIDTH: Final = 23 * GRID
_LOGO: Final = 36  # pixels


class Rail(QFrame):
    """One button for each page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "rail")
        self.setFixedWidth(_WIDTH)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        logo = QLabel()
        ratio = self.devicePixelRatioF()
        pixmap = theme.draw_icon("flowersorter", round(_LOGO * ratio), "#000000")
        pixmap.setDevicePixelRatio(ratio)
        logo.setPixmap(pixmap)
        top = QHBoxLayout()
        top.setContentsMargins(GRID // 2, 0, 0, 2 * GRID)
        top.setSpacing(GRID)
        top.addWidget(logo)
        top.addWidget(heading("FlowerSorter", 3), 1)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(GRID, 2 * GRID, GRID, 2 * GRID)
        self._box.setSpacing(GRID // 2)
        self._box.addLayout(top)

    def add_page(self, action: QAction, *, checkable: bool = True) -> None:
        """Add a button that triggers `action`; a checkable one can be marked as the page that is shown."""
        made = QPushButton(action.text())
        theme.set_icon(made, action.objectName().removesuffix("_page"))
        made.setIconSize(QSize(22, 22))
        made.setToolTip(action.toolTip())
        made.setCheckable(checkable)
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        made.clicked.connect(lambda _checked: action.trigger())
        if checkable:
            self._group.addButton(made)
        self._buttons[action.objectName()] = made
        self._box.addWidget(made)

    def add_space(self) -> None:
        self._box.addStretch(1)

    def mark(self, key: Key) -> None:
        """Show that the page of `key` is in front."""
        self._buttons[key.value].setChecked(True)
