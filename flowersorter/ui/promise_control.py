"""What "at most N wrong in 100" means for the photos at hand; another N files more or fewer at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QWidget

from flowersorter.ui import messages
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.sort_session import SortSession
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import MessageBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowersorter.learning.calibrate import Threshold
    from flowersorter.ui.review import Review

LEAST: Final = 0.5  # percent
MOST: Final = 50.0


class PromiseControl(QWidget):
    """The number, and in `message` what is missing where the model cannot keep it."""

    def __init__(
        self,
        session: SortSession,
        store: SettingsStore,
        message: MessageBar,
        teach: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._store = store
        self._message = message
        self._teach = teach
        self.number = _Number()
        self.number.setRange(LEAST, MOST)
        self.number.setDecimals(1)
        self.number.setSingleStep(0.5)
        self.number.setKeyboardTracking(False)  # “2” on the way to “25” is no wish
        self.number.setPrefix(self.tr("at most "))
        self.number.setSuffix(self.tr(" wrong in 100"))
        self.number.setAccessibleName(self.tr("Of 100 photos that it files, at most so many wrong"))
        self.number.setToolTip(
            self.tr(
                "How many of 100 photos that FlowerSorter files by itself may land in a wrong folder. "
                "It is an expectation, worked out from the photos that it was taught with. "
                "With a smaller number, more photos are left for you to look at."
            )
        )
        self.number.valueChanged.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(QLabel(self.tr("Expected:")))
        row.addWidget(self.number)
        session.review_began.connect(self._begin)
        session.started.connect(lambda started: self._start(started.threshold))
        session.promised.connect(self._show_threshold)
        session.promise_failed.connect(self._show_failure)
        self.setEnabled(False)

    def _begin(self, _review: Review) -> None:
        self.setEnabled(False)
        self._show_number()

    def _start(self, threshold: Threshold) -> None:
        self.setEnabled(True)
        self._show_threshold(threshold)

    def _show_number(self) -> None:
        request = self._session.request
        if request is not None:
            self.number.blockSignals(True)  # noqa: FBT003 - Qt's own
            self.number.setMinimum(min(LEAST, request.max_wrong))  # the settings file may ask for less
            self.number.setValue(request.max_wrong)
            self.number.blockSignals(False)  # noqa: FBT003

    def _choose(self, max_wrong: float) -> None:
        self._store.change(max_wrong=max_wrong)
        self._session.promise(max_wrong)

    def _show_threshold(self, threshold: Threshold) -> None:
        if threshold.value is not None:
            self._message.hide()
            return
        words = messages.uncertified(self.number.value(), threshold.missing)
        self._message.show_message(words, "warning", self.tr("Teach more photos…"), self._teach)

    def _show_failure(self, error: Exception) -> None:
        """The photos stand as before, so the number does, too."""
        self._show_number()
        self._message.show_message(messages.say_error(error), "error")


class _Number(QDoubleSpinBox):
    """Like `Choice`, it is changed by the wheel only while somebody is choosing here."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(GRID, 0, 0, 0)  # a style sheet's padding does not reach in here

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def textFromValue(self, value: float) -> str:
        return self.locale().toString(value, "g", 3)  # 2, not 2.0
