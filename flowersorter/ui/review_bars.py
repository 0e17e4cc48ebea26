"""The bars above and below the review grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from flowersorter.ui import messages
from flowersorter.ui.choice import Choice, add_choice
from flowersorter.ui.review import Order
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import Elided, primary_button, set_role

SMALLEST: Final = 96  # pixels of a thumbnail
LARGEST: Final = 320


class TopBar(QWidget):
    """What is shown, the verbs as buttons, the order, which photos, how large."""

    order_chosen = Signal(object)  # Order
    unconfirmed_only = Signal(bool)
    side_chosen = Signal(int)

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = Elided(2)
        self._selected = QLabel()
        set_role(self._selected, "muted")
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(2)
        self.order = Choice()
        for order, words in (
            (Order.LEAST_SURE, self.tr("Least sure first")),
            (Order.SUREST, self.tr("Surest first")),
            (Order.NAME, self.tr("By name")),
            (Order.DATE, self.tr("Oldest first")),
        ):
            self.order.addItem(words, order)
        self.order.currentIndexChanged.connect(
            lambda _index: self.order_chosen.emit(self.order.currentData())
        )
        self.which = Choice()
        self.which.addItem(self.tr("Show all"))
        self.which.addItem(self.tr("Not yet confirmed"))
        self.which.currentIndexChanged.connect(lambda index: self.unconfirmed_only.emit(index == 1))
        self.size_slider = QSlider(Qt.Orientation.Horizontal)
        self.size_slider.setRange(SMALLEST, LARGEST)
        self.size_slider.setPageStep(32)
        self.size_slider.setValue(side)
        self.size_slider.setFixedWidth(14 * GRID)
        self.size_slider.setToolTip(self.tr("Size of the pictures"))
        self.size_slider.setAccessibleName(self.tr("Size of the pictures"))
        self.size_slider.valueChanged.connect(self.side_chosen)

        first = QHBoxLayout()
        first.addWidget(self._title, 1)
        first.addSpacing(GRID)
        first.addWidget(self._selected)
        first.addSpacing(GRID)
        add_choice(first, self.which, self.tr("Which photos"))
        add_choice(first, self.order, self.tr("Order"))
        first.addSpacing(GRID)
        first.addWidget(self.size_slider)
        second = QHBoxLayout()
        second.addLayout(self._buttons)
        second.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID // 2)
        box.addLayout(first)
        box.addLayout(second)

    def show_actions(self, actions: Sequence[QAction]) -> None:
        for action in actions:
            made = QToolButton()
            made.setDefaultAction(action)
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            made.setIconSize(QSize(20, 20))
            made.setAccessibleName(action.text())
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._buttons.addWidget(made)

    def show_title(self, words: str, selected: int) -> None:
        """Say what is shown, and how many photos are selected if more than one."""
        self._title.setText(words)
        many = self.tr("{number} selected").format(number=messages.number(selected))
        self._selected.setText(many if selected > 1 else "")


class BottomBar(QFrame):
    """The sum of it, and the way on."""

    plan_pressed = Signal()

    def __init__(self, promise: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "bar")
        self._facts = QLabel()
        self._hint = QLabel(
            self.tr("Enter: that is right  ·  1–9 or typing: another species  ·  Space: look closely")
        )
        set_role(self._hint, "muted")
        self._hint.setMinimumWidth(1)  # else the window, once wide, could not become narrow again
        self._hint.hide()
        self._promise = promise
        self.plan_button = primary_button(self.tr("See the plan"), self.plan_pressed.emit)
        box = QHBoxLayout(self)
        box.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        box.setSpacing(3 * GRID)
        box.addWidget(promise)
        box.addWidget(self._facts)
        box.addStretch(1)
        box.addWidget(self._hint)
        box.addWidget(self.plan_button)

    def show_counts(
        self, *, to_file: int, unsure: int, unreadable: int, not_reached: int, can_plan: bool
    ) -> None:
        facts = [self.tr("{number} to file").format(number=messages.number(to_file))]
        if unsure:
            facts.append(self.tr("{number} to look at").format(number=messages.number(unsure)))
        if unreadable:
            facts.append(self.tr("{number} could not be read").format(number=messages.number(unreadable)))
        if not_reached:
            facts.append(self.tr("{number} not looked at").format(number=messages.number(not_reached)))
        self._facts.setText("  ·  ".join(facts))
        self.plan_button.setEnabled(can_plan)
        self._show_hint()

    def facts(self) -> str:
        """What it says."""
        return self._facts.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_hint()

    def _show_hint(self) -> None:
        """Only where there is room for it: the rest of the bar says what will happen."""
        needed = sum(
            widget.sizeHint().width() + 3 * GRID
            for widget in (self._promise, self._facts, self._hint, self.plan_button)
        )
        self._hint.setVisible(self.width() >= needed + 4 * GRID)
