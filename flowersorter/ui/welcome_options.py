"""The choices before sorting: where, which model, how careful."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QRadioButton,
    QWidget,
)

from flowersorter.paths import Home
from flowersorter.records import Transfer
from flowersorter.settings import Settings
from flowersorter.species_names import language_of
from flowersorter.ui import messages
from flowersorter.ui.choice import Choice
from flowersorter.ui.form import Form
from flowersorter.ui.newest import Newest
from flowersorter.ui.questions import choose_folder, pictures
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import Card, column_text, heading, primary_button, quiet_button, without_key

if TYPE_CHECKING:
    from flowersorter.jobs.sort import SortRequest
    from flowersorter.learning.bundle import ModelInfo

_CAREFUL: Final = (1.0, 2.0, 5.0, 10.0)  # percent of the filed photos that may be wrong


class SortOptions(Card):
    """Which photos of the folder, and where they go. Remembered in the settings."""

    changed = Signal()

    def __init__(self, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._store = store
        self._into: Path | None = None
        values = store.values
        self.recursive = QCheckBox(self.tr("Look into subfolders too"))
        self.recursive.setChecked(values.recursive)
        self.albums = QCheckBox(self.tr("Also take photos out of albums"))
        self.albums.setToolTip(
            self.tr(
                "An album is a subfolder that somebody gave a name, such as “Wedding”. "
                "Folders of cameras and dates are none."
            )
        )
        self.albums.setChecked(values.albums)
        self.albums.setEnabled(values.recursive)
        self.here = QRadioButton(self.tr("Into this folder, one subfolder for each species"))
        self.elsewhere = QRadioButton(self.tr("Into another folder:"))
        self.here.setChecked(True)
        self._place = quiet_button(self.tr("Choose…"), self._choose_place, "folder")
        self.box.addWidget(heading(self.tr("How to sort"), 3))
        first = QHBoxLayout()
        first.setSpacing(4 * GRID)
        first.addWidget(self.recursive)
        first.addWidget(self.albums)
        first.addStretch(1)
        self.box.addLayout(first)
        self.box.addWidget(self.here)
        other = QHBoxLayout()
        other.addWidget(self.elsewhere)
        other.addWidget(self._place)
        other.addStretch(1)
        self.box.addLayout(other)
        self.recursive.toggled.connect(self._remember)
        self.albums.toggled.connect(self._remember)
        self.elsewhere.toggled.connect(self._place_toggled)
        store.changed.connect(self._follow)

    def request(self, folder: Path) -> SortRequest:
        """The choices as a request to sort `folder`."""
        from flowersorter.jobs.sort import SortRequest

        values = self._store.values
        return SortRequest(
            folder,
            into=self._into if self.elsewhere.isChecked() else None,
            model=values.model or None,
            max_wrong=values.max_wrong,
            recursive=self.recursive.isChecked(),
            albums=self.albums.isChecked() and self.recursive.isChecked(),
            transfer=Transfer.COPY if values.copy else Transfer.MOVE,
            include_filed=True,
            device=values.device,
        )

    def set_place(self, folder: Path) -> None:
        """File into `folder` instead of the folder that is sorted."""
        self._into = folder
        self._place.setText(without_key(messages.place(folder)))
        self.elsewhere.setChecked(True)
        self.changed.emit()

    def _remember(self) -> None:
        self.albums.setEnabled(self.recursive.isChecked())
        values = self._store.values
        recursive, albums = self.recursive.isChecked(), self.albums.isChecked()
        if (values.recursive, values.albums) != (recursive, albums):
            self._store.change(recursive=recursive, albums=albums)
        self.changed.emit()

    def _follow(self, values: Settings) -> None:
        """The settings dialog changes the same settings."""
        self.recursive.setChecked(values.recursive)
        self.albums.setChecked(values.albums)

    def _place_toggled(self, elsewhere: bool) -> None:
        if elsewhere and self._into is None:
            self._choose_place()
        else:
            self.changed.emit()

    def _choose_place(self) -> None:
        title = self.tr("Choose the folder that gets the species folders")
        choose_folder(self, title, pictures(), self.set_place).rejected.connect(self._no_place)

    def _no_place(self) -> None:
        if self._into is None:
            self.here.setChecked(True)


class ModelChooser(Card):
    """Which model names the flowers, and how careful it is. Says what to do where there is none."""

    changed = Signal()
    failed = Signal(object)  # Exception: the models could not be listed
    teach_pressed = Signal()
    models_pressed = Signal()

    def __init__(self, home: Home, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._home = home
        self._store = store
        self._refreshes = 0
        self._lister = Newest(self._list, self)
        self._lister.succeeded.connect(self._listed)
        self._lister.failed.connect(lambda _number, error: self.failed.emit(error))
        self._models: list[ModelInfo] | None = None
        self.combo = Choice()
        self.careful = Choice()
        self.no_model_card = self._make_no_model_card()
        self._fill_careful()
        form = Form()
        form.add_field(self.tr("Model"), self.combo)
        form.add_field(self.tr("How careful"), self.careful)
        self.box.addWidget(heading(self.tr("What it knows"), 3))
        self.box.addLayout(form)
        self.combo.activated.connect(self._choose_model)
        self.careful.activated.connect(self._choose_careful)
        store.changed.connect(self._follow)

    def refresh(self) -> None:
        """List the models again, off the GUI thread."""
        self._refreshes += 1
        self._lister.ask(self._refreshes)

    def _list(self, _number: int) -> list[ModelInfo]:
        from flowersorter.jobs.models import list_models
        from flowersorter.jobs.names import species_here

        language = language_of(self._store.values.flower_names)
        return [replace(info, species=species_here(info, language)) for info in list_models(self._home)]

    def _listed(self, number: int, models: list[ModelInfo]) -> None:
        if number == self._refreshes:  # else a model that came meanwhile is missing in the list
            self.show_models(models)

    def missing(self) -> bool:
        """Whether it is known that there is no model."""
        return self._models == []

    def show_models(self, models: list[ModelInfo]) -> None:
        """Offer `models`; the one in the settings is chosen, else the built-in one, which is the last."""
        self._models = models
        self.combo.clear()
        for info in models:
            words = self.tr("{name}: {species}, learned from {photos}").format(
                name=info.name,
                species=messages.species(len(info.species)),
                photos=messages.photos(info.photos),
            )
            self.combo.addItem(words, info.name)
            self.combo.setItemData(
                self.combo.count() - 1, messages.tip(", ".join(info.species)), Qt.ItemDataRole.ToolTipRole
            )
        chosen = self.combo.findData(self._store.values.model)
        self.combo.setCurrentIndex(chosen if chosen >= 0 else len(models) - 1)
        if models and chosen < 0:
            self._store.change(model=models[-1].name)
        self.setVisible(bool(models))
        self.no_model_card.setVisible(not models)
        self.changed.emit()

    def _choose_model(self, index: int) -> None:
        self._store.change(model=self.combo.itemData(index))
        self.changed.emit()

    def _choose_careful(self, index: int) -> None:
        self._store.change(max_wrong=self.careful.itemData(index))
        self.changed.emit()

    def _follow(self, values: Settings) -> None:
        """Other pages change the same settings."""
        if self.careful.currentData() != values.max_wrong:
            self._fill_careful()
        chosen = self.combo.findData(values.model)
        if chosen >= 0:
            self.combo.setCurrentIndex(chosen)

    def _fill_careful(self) -> None:
        self.careful.clear()
        wish = self._store.values.max_wrong
        names = {
            1.0: self.tr("Very careful: at most 1 wrong in 100 photos filed"),
            2.0: self.tr("Careful: at most 2 wrong in 100 photos filed"),
            5.0: self.tr("Relaxed: at most 5 wrong in 100 photos filed"),
            10.0: self.tr("Generous: at most 10 wrong in 100 photos filed"),
        }
        for value in sorted({*_CAREFUL, wish}):
            other = self.tr("At most {number} wrong in 100 photos filed").format(number=messages.short(value))
            self.careful.addItem(names.get(value, other), value)
        self.careful.setCurrentIndex(self.careful.findData(wish))
        self.careful.setToolTip(
            self.tr(
                "The more careful, the more photos stay under “Unsure” for you to look at. "
                "It is an expectation, worked out from the photos that it was taught with."
            )
        )

    def _make_no_model_card(self) -> Card:
        card = Card(self.tr("It does not know any flowers yet"))
        card.setFixedWidth(64 * GRID)
        card.box.addWidget(
            column_text(
                self.tr(
                    "Show it a folder that has one subfolder for each species, with a few dozen photos in "
                    "each, and it learns to tell them apart in a minute or two."
                ),
                60 * GRID,
                Qt.AlignmentFlag.AlignLeft,
            )
        )
        row = QHBoxLayout()
        row.addWidget(primary_button(self.tr("Teach it my flowers…"), self.teach_pressed.emit))
        row.addWidget(quiet_button(self.tr("I have a model file…"), self.models_pressed.emit, "import"))
        row.addStretch(1)
        card.box.addLayout(row)
        card.hide()
        return card
