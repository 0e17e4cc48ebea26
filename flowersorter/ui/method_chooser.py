"""How it learns: the methods that there are, each with a plain sentence, and how long the slow one takes."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, Signal
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from flowersorter.ui import messages
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import text

_INDENT: Final = 3 * GRID  # so that a sentence stands below its method's name

# name and sentence of each method of `jobs.teach`, in the order in which they are offered
_METHODS: Final[dict[str, tuple[Any, Any]]] = {
    "head": (
        QT_TRANSLATE_NOOP("MethodChooser", "Quick (recommended)"),
        QT_TRANSLATE_NOOP("MethodChooser", "Looks at the photos and learns in about a minute."),
    ),
    "finetune": (
        QT_TRANSLATE_NOOP("MethodChooser", "Learn more deeply"),
        QT_TRANSLATE_NOOP(
            "MethodChooser",
            "Also changes how it sees: it usually makes fewer mistakes, and takes much longer.",
        ),
    ),
    "recipe": (
        QT_TRANSLATE_NOOP("MethodChooser", "Plain recipe"),
        QT_TRANSLATE_NOOP(
            "MethodChooser",
            "The way the textbooks teach it: looks at every photo ten times, much slower and no better.",
        ),
    ),
}


class MethodChooser(QWidget):
    """One line for each method."""

    changed = Signal()

    def __init__(self, method: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QRadioButton] = {}
        self.estimate = text("", "accent")
        self.estimate.setContentsMargins(_INDENT, 0, 0, 0)
        self._group = QButtonGroup(self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for each, (name, sentence) in _METHODS.items():
            button = self.buttons[each] = QRadioButton(messages.translate("MethodChooser", name))
            words = text(messages.translate("MethodChooser", sentence), "muted")
            words.setContentsMargins(_INDENT, 0, 0, GRID // 2)
            button.setAccessibleDescription(words.text())
            self._group.addButton(button)
            box.addWidget(button)
            box.addWidget(words)
            if each == "finetune":
                box.addWidget(self.estimate)
        self.estimate.hide()
        self.choose(method)
        self._group.buttonToggled.connect(self._toggled)

    def method(self) -> str:
        """The chosen method, as `TeachRequest` names it."""
        return next(each for each, button in self.buttons.items() if button.isChecked())

    def choose(self, method: str) -> None:
        """Choose a method."""
        self.buttons[method].setChecked(True)

    def show_estimate(self, words: str) -> None:
        """How long learning more deeply would take; nothing where `words` is empty."""
        self.estimate.setText(words)
        self.estimate.setVisible(bool(words))

    def _toggled(self, _button: QRadioButton, checked: bool) -> None:
        if checked:
            self.changed.emit()
