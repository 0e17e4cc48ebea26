"""Small widgets that several pages share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from flowersorter.progress import Progress, Stage
from flowersorter.ui import messages, theme
from flowersorter.ui.theme import GRID

_SETTLING_SECONDS = 2.0  # no estimate before: the first photos pay for the start


def heading(text: str, level: int = 1) -> QLabel:
    """A heading: level 1 for a page, 2 for a part of it, 3 inside a card."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)  # a name may look like a tag
    label.setWordWrap(level == 1)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * {1: 1.7, 2: 1.3, 3: 1.1}[level])
    font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)
    return label


class Elided(QLabel):
    """A line that ends in … where there is no room; `level` as in `heading`, 0 for plain text."""

    def __init__(self, level: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if level:
            self.setFont(heading("", level).font())
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)


def text(words: str, role: Literal["", "muted", "warning", "danger", "accent"] = "") -> QLabel:
    """A paragraph that wraps; selectable, so that people can copy a path or a message."""
    label = QLabel(words)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    set_role(label, role)
    return label


def column_text(words: str, width: int, alignment: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignCenter) -> QLabel:
    """A muted paragraph of a fixed width, as high as its words need."""
    label = text(words, "muted")
    label.setAlignment(alignment)
    label.setFixedWidth(width)
    label.setMinimumHeight(label.heightForWidth(width))
    return label


def without_key(words: str) -> str:
    """Words that hold a name, for a button or an action: an & in it gives no key of its own."""
    return words.replace("&", "&&")


def button(words: str, clicked: Callable[[], object], icon: str | None = None) -> QPushButton:
    made = QPushButton(words)
    made.setAutoDefault(True)  # Enter presses the button that has the focus
    if icon is not None:
        theme.set_icon(made, icon)
        made.setIconSize(QSize(20, 20))
    made.clicked.connect(lambda _checked: clicked())
    return made


def primary_button(words: str, clicked: Callable[[], object]) -> QPushButton:
    """The one button of a page that goes on."""
    made = button(words, clicked)
    set_role(made, "primary")
    return made


def quiet_button(words: str, clicked: Callable[[], object], icon: str | None = None) -> QPushButton:
    made = button(words, clicked, icon)
    set_role(made, "quiet")
    return made


def icon_button(icon: str, name: str, clicked: Callable[[], object]) -> QToolButton:
    """A button with an icon only; `name` is its tooltip and what a screen reader says."""
    made = QToolButton()
    theme.set_icon(made, icon)
    made.setIconSize(QSize(20, 20))
    made.setToolTip(name)
    made.setAccessibleName(name)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.clicked.connect(lambda _checked: clicked())
    return made


def is_plain(event: QKeyEvent) -> bool:
    """Whether a key came without Ctrl, Alt and the like. Shift and the keypad's keys are plain."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)


def set_role(widget: QWidget, role: str) -> None:
    """Let the style sheet (theme.py) dress the widget in `role`, now."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class Card(QFrame):
    """A framed group; add to `box`."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        self.box.setSpacing(GRID)
        if title:
            self.box.addWidget(heading(title, 3))


class EmptyState(QWidget):
    """What a page shows when there is nothing yet: an icon, what is missing, and what to do about it."""

    def __init__(self, icon: str, title: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        self._picture = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        name = heading(title, 2)
        name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        paragraph = column_text(words, 60 * GRID)
        self._buttons = QHBoxLayout()
        self._buttons.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box = QVBoxLayout(self)
        box.setSpacing(GRID)
        box.addStretch(2)
        box.addWidget(self._picture)
        box.addWidget(name)
        box.addWidget(paragraph, alignment=Qt.AlignmentFlag.AlignCenter)
        box.addSpacing(GRID)
        box.addLayout(self._buttons)
        box.addStretch(3)
        self._draw()

    def add_button(self, made: QPushButton) -> None:
        self._buttons.addWidget(made)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        pixmap = theme.draw_icon(self._icon, round(56 * ratio), theme.colors().accent)
        pixmap.setDevicePixelRatio(ratio)
        self._picture.setPixmap(pixmap)


def scrolling(page: QWidget) -> QScrollArea:
    """A page that also fits a low screen."""
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    area.setFrameShape(QFrame.Shape.NoFrame)
    set_role(area, "page")
    return area


class MessageBar(QFrame):
    """One sentence across the page, with at most one button; hidden until `show_message`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = text("")
        self._action = QPushButton()
        self._action.clicked.connect(self._act)
        self._do: Callable[[], object] | None = None
        close = icon_button("close", self.tr("Hide this message"), self.hide)
        box = QHBoxLayout(self)
        box.setContentsMargins(2 * GRID, GRID, GRID, GRID)
        box.addWidget(self._words, 1)
        box.addWidget(self._action)
        box.addWidget(close)
        self.hide()

    def show_message(
        self,
        words: str,
        kind: Literal["info", "warning", "error"] = "info",
        action: str = "",
        do: Callable[[], object] | None = None,
    ) -> None:
        set_role(self, kind)
        self._words.setText(words)
        self._do = do
        self._action.setText(action)
        self._action.setVisible(do is not None)
        self.show()

    def words(self) -> str:
        """What it says now; empty while hidden."""
        return "" if self.isHidden() else self._words.text()

    def _act(self) -> None:
        self.hide()
        if self._do is not None:
            self._do()


class ProgressPanel(QFrame):
    """What long work is doing: stage, counts, speed, time left, and Cancel. Hidden until `start`."""

    cancel_requested = Signal()

    def __init__(self, cancel: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._stage = heading("", 3)
        self._facts = QLabel()
        set_role(self._facts, "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._cancel_words = cancel or self.tr("Cancel")
        self.cancel_button = QPushButton(self._cancel_words)
        self.cancel_button.clicked.connect(self._cancel)
        left = QVBoxLayout()
        left.setSpacing(GRID // 2)
        top = QHBoxLayout()
        top.addWidget(self._stage)
        top.addStretch(1)
        top.addWidget(self._facts)
        left.addLayout(top)
        left.addWidget(self._bar)
        box = QHBoxLayout(self)
        box.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        box.setSpacing(2 * GRID)
        box.addLayout(left, 1)
        box.addWidget(self.cancel_button, alignment=Qt.AlignmentFlag.AlignVCenter)
        self._began: tuple[Stage, float, int] | None = None
        self.hide()

    def start(self, words: str = "") -> None:
        """Show the panel for new work."""
        self._began = None
        self._stage.setText(words or messages.stage_words(Stage.STARTING))
        self._facts.clear()
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(self._stage.text())
        self.cancel_button.setText(self._cancel_words)
        self.cancel_button.setEnabled(True)
        self.show()

    def show_progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._began is None or self._began[0] is not progress.stage:
            self._began = (progress.stage, now, progress.done)
            self._stage.setText(messages.stage_words(progress.stage))
        if progress.total is None:
            self._bar.setRange(0, 0)
        else:
            # thousandths: a count of bytes does not fit into the bar's int
            self._bar.setRange(0, 1000)
            self._bar.setValue(1000 * progress.done // max(1, progress.total))
        self._facts.setText("  ·  ".join(self._facts_of(progress, now)))

    def stop(self) -> None:
        self.hide()

    def _facts_of(self, progress: Progress, now: float) -> list[str]:
        counts = messages.bytes_words if progress.stage is Stage.DOWNLOADING else messages.number
        facts = []
        if progress.total is not None:
            facts.append(
                self.tr("{done} of {total}").format(done=counts(progress.done), total=counts(progress.total))
            )
        elif progress.done:
            facts.append(counts(progress.done))
        if self._began is not None and now - self._began[1] >= _SETTLING_SECONDS:
            speed = (progress.done - self._began[2]) / (now - self._began[1])
            if speed > 0:
                facts.append(self._speed_words(progress.stage, speed))
                if progress.total is not None and progress.done < progress.total:
                    facts.append(messages.time_left((progress.total - progress.done) / speed))
        return [fact for fact in facts if fact]

    def _speed_words(self, stage: Stage, speed: float) -> str:
        if stage is Stage.DOWNLOADING:
            return self.tr("{size} a second").format(size=messages.bytes_words(round(speed)))
        if stage is Stage.TRAINING:
            return ""
        shown = messages.decimal(speed, 0 if speed >= 10 else 1)
        return self.tr("{speed} photos a second").format(speed=shown)

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.cancel_button.setText(self.tr("Stopping…"))
        self.cancel_requested.emit()
