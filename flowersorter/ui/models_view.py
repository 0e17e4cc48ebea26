"""The models: which one names the photos, and bringing them in, out and away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from flowersorter.jobs.models import (
    export_model,
    import_model,
    is_builtin,
    list_models,
    list_versions,
    remove_model,
    use_version,
)
from flowersorter.jobs.names import names_here
from flowersorter.learning.bundle import PRETRAINED, ModelInfo
from flowersorter.learning.dataset import natural_order
from flowersorter.paths import Home
from flowersorter.settings import Settings
from flowersorter.species_names import language_of
from flowersorter.ui import messages
from flowersorter.ui.plain_table import PlainTable
from flowersorter.ui.questions import ask, choose_folder, choose_new
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.tasks import TaskRunner, Work
from flowersorter.ui.theme import GRID
from flowersorter.ui.version_chooser import VersionChooser
from flowersorter.ui.weights_chooser import WeightsChooser
from flowersorter.ui.widgets import Card, EmptyState, MessageBar, button, heading, set_role, text


class _Listed(NamedTuple):
    """A model, its versions, and whether it speaks the gardener's language: all that is read from disk."""

    info: ModelInfo
    versions: Sequence[ModelInfo]
    builtin: bool


class ModelsView(QWidget):
    """Lists the models and the weights. Everything on disk is done off the GUI thread."""

    models_changed = Signal()
    refreshed = Signal()

    def __init__(self, home: Home, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._store = store
        self._models: Sequence[_Listed] = ()
        self._shown = store.values
        store.changed.connect(self._settings_changed)

        self.message = MessageBar()
        self.table = PlainTable(
            self.tr("Models"),
            [
                self.tr("Name"),
                self.tr("Knows"),
                self.tr("Learned from"),
                self.tr("Right"),
                self.tr("Taught on"),
                self.tr("In use"),
            ],
            (0,),
        )
        self.table.itemSelectionChanged.connect(self._show_chosen)
        self.species = text("", "muted")
        self.versions = VersionChooser()
        self.versions.version_chosen.connect(self.use_version)
        self.weights = WeightsChooser(home, store)
        empty = EmptyState(
            "models",
            self.tr("No models yet"),
            self.tr("Teach FlowerSorter your flowers, or bring in a model that somebody gave you."),
        )
        full = QWidget()
        inner = QVBoxLayout(full)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(GRID)
        inner.addWidget(self.table, 1)
        inner.addWidget(self.species)
        inner.addWidget(self.versions)
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(full)
        self._pages.setCurrentWidget(full)  # takes the keyboard; whether it is empty is read first
        known = Card(self.tr("What it knows before you teach it"))
        known.box.addWidget(self.weights)

        body = QVBoxLayout()
        body.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 2 * GRID)
        body.setSpacing(GRID)
        body.addWidget(heading(self.tr("Models")))
        body.addWidget(text(self.tr("A model is what was learned. One of them names your photos."), "muted"))
        body.addWidget(self.message)
        body.addWidget(self._pages, 1)
        body.addSpacing(GRID)
        body.addWidget(known)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(body, 1)
        page.addWidget(self._make_bar())
        self.setFocusProxy(self.table)
        self._show_chosen()

    def _make_bar(self) -> QFrame:
        self.use_button = button(self.tr("Use this model"), self._use, "check")
        self.export_button = button(self.tr("Export…"), self._ask_export, "export")
        self.remove_button = button(self.tr("Remove…"), self._ask_remove, "trash")
        self.import_button = button(self.tr("Import…"), self._ask_import, "import")
        bar = QFrame()
        set_role(bar, "bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        row.setSpacing(2 * GRID)
        row.addWidget(self.use_button)
        row.addWidget(self.export_button)
        row.addWidget(self.remove_button)
        row.addStretch(1)
        row.addWidget(self.import_button)
        return bar

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Read the library of models and the weights again."""
        self._run(lambda _report: self._read(), self._take)
        self.weights.refresh()

    def chosen(self) -> ModelInfo | None:
        """The model of the selected line."""
        listed = self._chosen()
        return None if listed is None else listed.info

    def _chosen(self) -> _Listed | None:
        row = self.table.chosen_row()
        return None if row is None else self._models[row]

    def import_from(self, folder: Path) -> None:
        """Bring in the model in `folder`."""
        self._run(lambda _report: import_model(self._home, folder), self._imported)

    def export_to(self, name: str, target: Path, *, include_teaching: bool) -> None:
        """Write a model as the new folder `target`."""
        self._run(
            lambda _report: export_model(self._home, name, target, include_teaching=include_teaching),
            lambda folder: self.message.show_message(
                self.tr("“{name}” is in {place} now.").format(name=name, place=messages.place(folder))
            ),
        )

    def remove(self, name: str) -> None:
        """Put a model into the trash; if it was in use, none is."""
        self._run(lambda _report: remove_model(self._home, name), lambda _none: self._removed(name))

    def _run(self, work: Work, done: Callable[..., object]) -> None:
        task = TaskRunner(work, self)
        task.succeeded.connect(done)
        task.failed.connect(self._show_error)
        task.start()

    def use_version(self, info: ModelInfo) -> None:
        """Put an earlier or a later version of a model in force."""
        self._run(
            lambda _report: use_version(self._home, info.name, info.version), lambda _info: self._changed()
        )

    def _read(self) -> Sequence[_Listed]:
        home = self._home
        return [_Listed(info, list_versions(home, info.name), is_builtin(info)) for info in list_models(home)]

    def _take(self, models: Sequence[_Listed]) -> None:
        self._show(models)
        self.refreshed.emit()

    def _show(self, models: Sequence[_Listed]) -> None:
        before = self.chosen()
        self._models = models
        self._shown = self._store.values
        wanted = [
            place
            for place, listed in enumerate(models)
            if (self._in_use(listed) if before is None else listed.info.name == before.name)
        ]
        self.table.show_rows([self._cells(listed) for listed in models], wanted[0] if wanted else 0)
        self._pages.setCurrentIndex(1 if models else 0)
        self._show_chosen()

    def _in_use(self, listed: _Listed) -> bool:
        """Whether it names the photos: where no model was chosen the built-in one does."""
        chosen = self._store.values.model
        return listed.info.name == chosen if chosen else listed.builtin

    def _cells(self, listed: _Listed) -> tuple[str, ...]:
        info = listed.info
        return (
            info.name,
            messages.species(len(info.species)),
            messages.photos(info.photos),
            "–" if info.accuracy is None else messages.percent(info.accuracy),
            messages.date_words(info.created),
            self.tr("in use") if self._in_use(listed) else "",
        )

    def _show_chosen(self) -> None:
        listed = self._chosen()
        info = None if listed is None else listed.info
        self.export_button.setEnabled(info is not None)
        self.remove_button.setEnabled(info is not None and info.method != PRETRAINED)
        self.use_button.setEnabled(listed is not None and not self._in_use(listed))
        self.species.setText("" if listed is None else self._species_words(listed))
        self.versions.show_versions(
            () if listed is None else listed.versions, 0 if info is None else info.version
        )

    def _species_words(self, listed: _Listed) -> str:
        language = language_of(self._store.values.flower_names) if listed.builtin else None
        return ", ".join(sorted(names_here(listed.info.species, language, ()), key=natural_order))

    def _settings_changed(self, values: Settings) -> None:
        shown = self._shown
        if (values.model, values.flower_names) != (shown.model, shown.flower_names):
            self._show(self._models)

    def _use(self) -> None:
        info = self.chosen()
        if info is not None:
            self._store.change(model=info.name)
            self.models_changed.emit()

    def _ask_import(self) -> None:
        choose_folder(self, self.tr("Choose the folder of a model"), Path.home(), self.import_from)

    def _imported(self, info: ModelInfo) -> None:
        self.message.show_message(
            self.tr("“{name}” is here now. Choose “Use this model” to name photos with it.").format(
                name=info.name
            )
        )
        self._changed()

    def _ask_export(self) -> None:
        info = self.chosen()
        if info is None:
            return
        include = QCheckBox(self.tr("Include what it was taught, so that it can go on learning elsewhere."))
        include.setChecked(True)
        include.setToolTip(self.tr("Numbers computed from your photos; no picture and no file name."))
        ask(
            self,
            self.tr("Export “{name}”?").format(name=info.name),
            self.tr("It is written as a new folder, for a backup or for another computer."),
            self.tr("Choose where…"),
            lambda: choose_new(
                self,
                self.tr("Export the model as"),
                Path.home() / info.name,
                lambda target: self.export_to(info.name, target, include_teaching=include.isChecked()),
            ),
            option=include,
        )

    def _ask_remove(self) -> None:
        info = self.chosen()
        if info is not None:
            ask(
                self,
                self.tr("Remove “{name}”?").format(name=info.name),
                self.tr("All its versions go into the trash. Photos that it filed stay where they are."),
                self.tr("Remove"),
                lambda: self.remove(info.name),
            )

    def _removed(self, name: str) -> None:
        if self._store.values.model == name:
            self._store.change(model="")
        self.message.show_message(self.tr("“{name}” is in the trash.").format(name=name))
        self._changed()

    def _changed(self) -> None:
        self.refresh()
        self.models_changed.emit()

    def _show_error(self, error: Exception) -> None:
        self._show_chosen()  # a version that was refused is not the one in use
        self.message.show_message(messages.say_error(error), "error")
