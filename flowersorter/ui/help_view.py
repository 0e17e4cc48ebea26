"""The help page: how it goes, and the keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from flowersorter import __version__
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import Card, heading, set_role, text


class HelpView(QScrollArea):
    """One page, no search: whoever needs more finds it in the README."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        page = QWidget()
        page.setFixedWidth(90 * GRID)
        box = QVBoxLayout(page)
        box.setContentsMargins(2 * GRID, 3 * GRID, 2 * GRID, 3 * GRID)
        box.setSpacing(2 * GRID)
        box.addWidget(heading(self.tr("Help")))
        for title, words in self._steps():
            card = Card(title)
            card.box.addWidget(text(words))
            box.addWidget(card)
        keys = Card(self.tr("Keys while you review"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(3 * GRID)
        grid.setColumnStretch(1, 1)
        for row, (key, words) in enumerate(self._keys()):
            label = QLabel(key)
            set_role(label, "accent")
            grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text(words), row, 1)
        keys.box.addLayout(grid)
        box.addWidget(keys)
        box.addWidget(text(self.tr("FlowerSorter {version}").format(version=__version__), "muted"))
        box.addStretch(1)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter)

    def _steps(self) -> list[tuple[str, str]]:
        return [
            (
                self.tr("Teach it your flowers"),
                self.tr(
                    "Make a folder with one subfolder for each species and put photos of it there; thirty or "
                    "more of each are good. On the Teach page, choose that folder. Afterwards you see how "
                    "often it is right, and which flowers it mixes up."
                ),
            ),
            (
                self.tr("Sort your photos"),
                self.tr(
                    "Choose a folder, look through what it says, and put right what is wrong. What it is not "
                    "sure of is under “Unsure” and stays where it is unless you give it a name."
                ),
            ),
            (
                self.tr("Your photos are safe"),
                self.tr(
                    "Nothing moves before you saw the plan. No file is ever overwritten, files that belong "
                    "to a photo travel with it, and the History page puts everything back, tomorrow too. "
                    "Nothing leaves your computer."
                ),
            ),
        ]

    def _keys(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Enter"), self.tr("That is right: confirm the selected photos.")),
            ("1 – 9", self.tr("File them under the species with that number in the list.")),
            (
                self.tr("Letters, F2"),
                self.tr("Type the name of another species; a new name makes a new folder."),
            ),
            (self.tr("Delete"), self.tr("Leave them where they are.")),
            (self.tr("Space"), self.tr("Look closely; 1 to 3 choose one of the guesses.")),
            (
                "?",
                self.tr("While you look closely: why? Where it looked, and the taught photos most like it."),
            ),
            ("Ctrl+Z, Ctrl+Shift+Z", self.tr("Undo and redo what you said.")),
            ("Ctrl+A", self.tr("Select all photos that are shown.")),
            ("Ctrl+1 … Ctrl+4", self.tr("Go to Sort, Teach, History, Models.")),
            ("Ctrl+O", self.tr("Choose a folder.")),
            ("Ctrl+,", self.tr("Settings.")),
        ]
