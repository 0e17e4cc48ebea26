"""What to teach: a folder of labelled photos, what was found in it, and how to learn it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, Signal, SignalInstance
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from flowersorter.jobs import teach
from flowersorter.jobs.models import builtin_info
from flowersorter.jobs.teach import TeachRequest
from flowersorter.learning.dataset import Labelled, LabelledPhoto
from flowersorter.paths import Home
from flowersorter.records import Code, Left, Refused
from flowersorter.ui import messages
from flowersorter.ui.form import Form
from flowersorter.ui.group_tree import Group, GroupTree, Line, file_name, photo_line
from flowersorter.ui.method_chooser import MethodChooser
from flowersorter.ui.questions import choose_folder
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.settings_table import DEVICES
from flowersorter.ui.tasks import TaskRunner
from flowersorter.ui.theme import GRID
from flowersorter.ui.weights_chooser import WeightsChooser
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
    """Asks everything that teaching needs. `start` carries the request; the page starts nothing itself."""

    folder_chosen = Signal(Path)
    start_requested = Signal(object)  # TeachRequest
    check_requested = Signal(object)  # TeachRequest
    cancel_requested = Signal()

    def __init__(self, home: Home, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._store = store
        self._estimating: TaskRunner | None = None
        self._labelled: Labelled | None = None
        self.setAcceptDrops(True)
        self.message = MessageBar()
        self.progress = ProgressPanel()
        self.progress.cancel_requested.connect(self.cancel_requested)
        self.weights = WeightsChooser(home, store)
        self.weights.changed.connect(self._update_start)
        self.weights.changed.connect(self._estimate)

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
        column.addWidget(self._make_how_card())
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

    def _make_how_card(self) -> Card:
        self._how = Card()
        self.name = QLineEdit()
        self.name.setMaxLength(100)
        self.name.textChanged.connect(self._update_start)
        self.scope = QComboBox()
        self.scope.addItem(self.tr("These species"))
        builtin = None
        with suppress(Refused):  # a damaged one is named where models are chosen
            builtin = builtin_info()
        if builtin is not None:
            words = self.tr("These, and the {species} of “{model}” that it knows already")
            known = messages.species(len(builtin.species))
            self.scope.addItem(words.format(species=known, model=builtin.name), builtin.name)
        self.scope.setEnabled(builtin is not None)
        self.scope.currentIndexChanged.connect(self._scope_changed)
        self.method = MethodChooser(self._store.values.method)
        self.method.changed.connect(self._estimate)
        self.method.changed.connect(self._update_looks)
        self.looks = QComboBox()
        self.looks.addItem(self.tr("One look at each photo"), 1)
        self.looks.addItem(
            self.tr("Two looks: more careful, teaching and sorting take up to twice as long"), 2
        )
        self.looks.addItem(
            self.tr("Three looks: most careful, teaching and sorting take about three times as long"), 3
        )
        self._update_looks()
        self.looks.currentIndexChanged.connect(self._estimate)
        self.device = QComboBox()
        for device, words in DEVICES:
            self.device.addItem(messages.translate("settings", words), device)
        self.device.setCurrentIndex(self.device.findData(self._store.values.device))
        self.device.currentIndexChanged.connect(self._estimate)
        form = Form()
        form.add_field(self.tr("Name of the model"), self.name)
        form.add_field(self.tr("It will know"), self.scope)
        form.add_field(self.tr("It builds on"), self.weights)
        form.add_field(self.tr("How it learns"), self.method)
        form.add_field(self.tr("How closely it looks"), self.looks)
        form.add_field(self.tr("Runs on"), self.device)
        self._how.box.addLayout(form)
        return self._how

    def _scope_changed(self) -> None:
        """Known species are kept on the layers that know them, by the quick method."""
        alone = self.scope.currentData() is None
        if not alone:
            self.method.choose("head")
        self.weights.setEnabled(alone)
        self.method.setEnabled(alone)
        self._update_looks()
        self._update_start()

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
        for part in (self._found, self._how, self._bar):
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
        self.name.setText(file_name(labelled.folder))
        self._show_parts(chosen=True, found=True)
        self.weights.refresh()
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
            Path(last) if last else Path.home(),
            self.folder_chosen.emit,
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.weights.refresh()  # another page may have brought some

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped_folder(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        folder = _dropped_folder(event)
        if folder is not None:
            event.acceptProposedAction()
            self.folder_chosen.emit(folder)

    def _update_start(self) -> None:
        missing = self._missing()
        self.start_words.setText(missing)
        self.start_button.setEnabled(not missing)
        self.check_button.setEnabled(self.weights.base() is not None)

    def _update_looks(self) -> None:
        """The plain recipe has its own looks, and so has a model whose species are kept."""
        own = self.method.method() == "recipe" or self.scope.currentData() is not None
        self.looks.setEnabled(not own)
        if own:
            self.looks.setCurrentIndex(0)

    def _missing(self) -> str:
        """What is still needed before it can start; empty if nothing is."""
        if not self.name.text().strip():
            return self.tr("Give the model a name.")
        if self.weights.base() is None:
            return self.tr("Choose what it builds on, or download it.")
        return ""

    def _request(self) -> TeachRequest | None:
        """What would be taught now; None while something is missing."""
        base = self.weights.base()
        if self._labelled is None or base is None:
            return None
        return TeachRequest(
            folder=self._labelled.folder,
            name=self.name.text().strip(),
            base=base,
            method=self.method.method(),
            device=self.device.currentData(),
            beside=self.scope.currentData(),
            views=self.looks.currentData(),
        )

    def _ask(self, wish: SignalInstance) -> None:
        request = self._request()
        if request is not None:
            if self._estimating is not None:
                self._estimating.cancel()
            self.message.hide()
            wish.emit(request)

    def _estimate(self) -> None:
        """Work out how long learning more deeply takes on this computer, where somebody thinks of it."""
        if self._estimating is not None:
            self._estimating.cancel()
            self._estimating = None
        self.method.show_estimate("")
        request = self._request()
        if request is None or request.method != "finetune":
            return
        self.method.show_estimate(self.tr("Working out how long it takes on this computer…"))
        home, settings = self._home, self._store.values
        task = TaskRunner(lambda report: teach.estimate(home, settings, request, report), self)
        task.succeeded.connect(lambda seconds: self._show_estimate(task, seconds))
        task.failed.connect(lambda _error: self._show_estimate(task, None))  # starting it says why
        self._estimating = task
        task.start()

    def _show_estimate(self, task: TaskRunner, seconds: float | None) -> None:
        if task is not self._estimating:
            return  # another choice was made since
        self._estimating = None
        words = self.tr("About {time} on this computer.")
        self.method.show_estimate("" if seconds is None else words.format(time=messages.duration(seconds)))


def _dropped_folder(event: QDropEvent) -> Path | None:
    urls = event.mimeData().urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    folder = Path(urls[0].toLocalFile())
    return folder if folder.is_dir() else None


def _taught_line(photo: LabelledPhoto) -> Line:
    return photo_line(photo.path)


def _problem_line(problem: Left) -> Line:
    line = photo_line(problem.path)
    return Line(line.name, "", f"{line.whole}\n{messages.say(problem.reason)}")
