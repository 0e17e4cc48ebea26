"""A list to choose from, on pages that scroll."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QLabel, QWidget


class Choice(QComboBox):
    """Leaves the wheel to the page unless somebody is choosing here: scrolling must not change a setting."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel brings no focus

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def add_choice(layout: QBoxLayout, choice: QComboBox, name: str, stretch: int = 0) -> None:
    """Lay out a choice whose name is not shown, so that screen readers say it.

    On Linux they take it from the label whose buddy a choice is, elsewhere from its accessible name.
    """
    choice.setAccessibleName(name)
    label = QLabel(name)
    label.setBuddy(choice)
    label.hide()
    layout.addWidget(label)
    layout.addWidget(choice, stretch)
