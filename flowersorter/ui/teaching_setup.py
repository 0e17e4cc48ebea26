"""What to teach: a folder of labelled photos, what was found in it, and how to learn it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, Signal, SignalInstance
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from flowersorter.learning.dataset import Labelled, LabelledPhoto
from flowersorter.paths import Home
from flowersorter.records import Code, Left
from flowersorter.ui import messages
from flowersorter.ui.drops import accept_copy, dropped
from flowersorter.ui.group_tree import Group, GroupTree, Line, photo_line
from flowersorter.ui.learning_choices import LearningChoices
from flowersorter.ui.questions import choose_folder, pictures
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import (
    Card,
    EmptyState,
    MessageBar,
    ProgressPanel,
    button,
    heading,
    primary_button,
    set_role,
    text,
)

# the kinds of problems of a folder, each a group of its own
_PROBLEMS: Final[dict[Code, Any]] = {
    Code.EMPTY_FOLDER: QT_TRANSLATE_NOOP("TeachingSetup", "Folders without photos"),
    Code.NESTED_FOLDER: QT_TRANSLATE_NOOP("TeachingSetup", "Folders inside a species folder: not used"),
    Code.STRAY_FILE: QT_TRANSLATE_NOOP(
        "TeachingSetup", "Outside the species folders, or no photos: not used"
    ),
    Code.TOO_FEW_PHOTOS: QT_TRANSLATE_NOOP("TeachingSetup", "Species with too few photos to be tested"),
    Code.FOLDER_UNREADABLE: QT_TRANSLATE_NOOP("TeachingSetup", "Folders that cannot be opened"),
}
_FEW_PHOTOS: Final = 20  # of one species; below, the list advises more


class TeachingSetup(QWidget):
    """Asks everything that teaching needs. `start_requested` carries the request; nothing starts here."""

    folder_chosen = Signal(Path)
    start_requested = Signal(object)  # TeachRequest
    check_requested = Signal(object)  # TeachRequest
    cancel_requested = Signal()

    def __init__(self, home: Home, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._labelled: Labelled | None = None
        self.setAcceptDrops(True)
        self.message = MessageBar()
        self.progress = ProgressPanel()
        self.progress.cancel_requested.connect(self.cancel_requested)
        self.choices = LearningChoices(home, store)
        self.choices.changed.connect(self._update_start)

        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 2 * GRID)
        column.setSpacing(2 * GRID)
        column.addWidget(heading(self.tr("Teach it my flowers")))
        column.addWidget(self.message)
        column.addWidget(self._make_welcome(), 1)
        column.addWidget(self._make_folder_card())
        column.addWidget(self.progress)
        column.addWidget(self._make_found_card(), 1)
        column.addWidget(self.choices)
        column.addStretch(0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(scroll, 1)
        page.addWidget(self._make_bar())
        self._show_parts(chosen=False, found=False)

    def _make_welcome(self) -> EmptyState:
        self._welcome = EmptyState(
            "teach",
            self.tr("Show it your flowers"),
            self.tr(
                "Choose a folder that has one folder per species in it, named as you like: Rose, Tulip, "
                "Hellebore … Some twenty photos of each are a good start. You can also drop the folder here."
            ),
        )
        self.folder_button = primary_button(self.tr("Choose a folder…"), self._choose_folder)
        self._welcome.add_button(self.folder_button)
        self.setFocusProxy(self.folder_button)
        return self._welcome

    def _make_folder_card(self) -> Card:
        self._folder = Card()
        self.folder_words = text("")
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(self.folder_words, 1)
        row.addWidget(button(self.tr("Choose another folder…"), self._choose_folder, "folder"))
        self._folder.box.addLayout(row)
        return self._folder

    def _make_found_card(self) -> Card:
        self._found = Card()
        self.found_words = heading("", 3)
        self.species = GroupTree((self.tr("Species"), self.tr("Photos"), self.tr("Remark")), _taught_line)
        self.species.setAccessibleName(self.tr("Species that were found"))
        self.problems = GroupTree((self.tr("To look at"), self.tr("Count"), ""), _problem_line)
        self.problems.setAccessibleName(self.tr("Files and folders with a problem"))
        splitter = QSplitter()
        splitter.addWidget(self.species)
        splitter.addWidget(self.problems)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(2 * GRID)
        splitter.setSizes([1000, 1000])
        splitter.setMinimumHeight(22 * GRID)
        self._found.box.addWidget(self.found_words)
        self._found.box.addWidget(splitter, 1)
        return self._found

    def _make_bar(self) -> QFrame:
        self.start_words = text("", "muted")
        self.start_button = primary_button(self.tr("Start teaching"), lambda: self._ask(self.start_requested))
        self._bar = QFrame()
        set_role(self._bar, "bar")
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        row.addWidget(self.start_words, 1)
        self.check_button = button(
            self.tr("Check these photos first"), lambda: self._ask(self.check_requested), "zoom"
        )
        row.addWidget(self.check_button)
        row.addWidget(self.start_button)
        return self._bar

    def _show_parts(self, *, chosen: bool, found: bool) -> None:
        self._welcome.setVisible(not chosen)
        self._folder.setVisible(chosen)
        for part in (self._found, self.choices, self._bar):
            part.setVisible(found)
        self._update_start()

    def show_looking(self, folder: Path) -> None:
        """A folder was chosen and is being looked into."""
        self._labelled = None
        self.message.hide()
        self.folder_words.setText(messages.place(folder))
        self._show_parts(chosen=True, found=False)
        self.progress.start(self.tr("Looking into the folder"))

    def show_start(self) -> None:
        """Looking into the folder was stopped."""
        self.progress.stop()
        self._show_parts(chosen=False, found=False)
        self.folder_button.setFocus()

    def show_labelled(self, labelled: Labelled) -> None:
        """Show what a folder holds, and ask how to learn it."""
        self._labelled = labelled
        self.progress.stop()
        self.folder_words.setText(messages.place(labelled.folder))
        self.found_words.setText(
            self.tr("{photos} of {species}").format(
                photos=messages.photos(len(labelled.photos)), species=messages.species(len(labelled.species))
            )
        )
        self.species.show_groups(self._species_groups(labelled))
        self.problems.show_groups(self._problem_groups(labelled.problems))
        self.problems.setVisible(bool(labelled.problems))
        self.choices.choose_folder(labelled.folder)
        self._show_parts(chosen=True, found=True)
        self.choices.weights.refresh()
        self.start_button.setFocus()

    def folder(self) -> Path | None:
        """The folder that is shown."""
        return None if self._labelled is None else self._labelled.folder

    def show_error(self, error: Exception) -> None:
        """A folder cannot be taught, or teaching failed."""
        self.progress.stop()
        if self._labelled is None:
            self.show_start()
        self.message.show_message(messages.say_error(error), "error")

    def _species_groups(self, labelled: Labelled) -> list[Group]:
        photos: dict[str, list[LabelledPhoto]] = {species: [] for species in labelled.species}
        for photo in labelled.photos:
            photos[photo.species].append(photo)
        few = self.tr("more photos would help")
        return [Group(name, few if len(rows) < _FEW_PHOTOS else "", rows) for name, rows in photos.items()]

    def _problem_groups(self, problems: Iterable[Left]) -> list[Group]:
        kinds: dict[Code, list[Left]] = {}
        for problem in problems:
            kinds.setdefault(problem.reason.code, []).append(problem)
        titles = {code: messages.translate("TeachingSetup", words) for code, words in _PROBLEMS.items()}
        return [
            Group(titles.get(code) or messages.say(rows[0].reason), "", rows) for code, rows in kinds.items()
        ]

    def _choose_folder(self) -> None:
        last = self._store.values.last_teaching_folder
        choose_folder(
            self,
            self.tr("Choose the folder that holds the species folders"),
            Path(last) if last else pictures(),
            self.folder_chosen.emit,
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.choices.weights.refresh()  # another page may have brought some

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped_folder(event) is not None:
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        folder = _dropped_folder(event)
        if folder is not None:
            accept_copy(event)
            self.folder_chosen.emit(folder)

    def _update_start(self) -> None:
        missing = self.choices.missing()
        self.start_words.setText(missing)
        self.start_button.setEnabled(not missing)
        self.check_button.setEnabled(self.choices.weights.base() is not None)

    def _ask(self, wish: SignalInstance) -> None:
        request = self.choices.request()
        if self._labelled is not None and request is not None:
            self.choices.cancel_estimate()
            self.message.hide()
            wish.emit(request)


def _dropped_folder(event: QDropEvent) -> Path | None:
    folder = dropped(event)
    return folder if folder is not None and folder.is_dir() else None


def _taught_line(photo: LabelledPhoto) -> Line:
    return photo_line(photo.path)


def _problem_line(problem: Left) -> Line:
    line = photo_line(problem.path)
    return Line(line.name, "", f"{line.whole}\n{messages.say(problem.reason)}")
