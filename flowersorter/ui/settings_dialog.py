"""The settings dialog, made from the table of settings."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from flowersorter.paths import Home
from flowersorter.settings import Settings
from flowersorter.ui import messages
from flowersorter.ui.cache_card import CacheCard
from flowersorter.ui.choice import Choice
from flowersorter.ui.form import Form
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.settings_table import SETTINGS, Setting, Words
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import Card, button, set_role, text

Editor = QCheckBox | Choice


class SettingsDialog(QDialog):
    """Changes the settings when it is accepted, all at once."""

    def __init__(self, store: SettingsStore, home: Home, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumWidth(82 * GRID)
        self.editors: dict[str, Editor] = {}
        inner = QWidget()
        box = QVBoxLayout(inner)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2 * GRID)
        for group in dict.fromkeys(setting.group for setting in SETTINGS):
            box.addWidget(self._make_group(group))
        box.addWidget(self._make_home_card(home))
        self.caches = CacheCard(home, owner=parent or store)
        box.addWidget(self.caches)
        box.addStretch(1)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        set_role(self.buttons.button(QDialogButtonBox.StandardButton.Ok), "primary")
        defaults = self.buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        defaults.clicked.connect(lambda _checked: self._show(Settings()))
        area = QScrollArea()  # on a small screen the buttons are in sight all the same
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inner)
        set_role(area, "page")
        page = QVBoxLayout(self)
        page.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 2 * GRID)
        page.setSpacing(2 * GRID)
        page.addWidget(area, 1)
        page.addWidget(self.buttons)
        self._show(store.values)
        wanted = inner.sizeHint().height() + self.buttons.sizeHint().height() + 8 * GRID
        self.resize(self.minimumWidth(), min(wanted, self.screen().availableSize().height() - 6 * GRID))

    def _make_group(self, group: Words) -> Card:
        card = Card(_words(group))
        form = Form()
        for setting in SETTINGS:
            if setting.group != group:
                continue
            editor = self.editors[setting.key] = _make_editor(setting)
            if isinstance(editor, QCheckBox):
                form.add_wide(editor)
            else:
                editor.setAccessibleName(_words(setting.label))
                form.add_field(_words(setting.label), editor)
            if setting.note:
                form.add_wide(text(_words(setting.note), "muted"))
        card.box.addLayout(form)
        return card

    def _make_home_card(self, home: Home) -> Card:
        card = Card(self.tr("FlowerSorter's own files"))
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(
            text(
                self.tr(
                    "Models and the history are in {data}. What can be computed again is in {cache}."
                ).format(data=messages.place(home.data), cache=messages.place(home.cache)),
                "muted",
            ),
            1,
        )
        row.addWidget(
            button(
                self.tr("Open"),
                lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(home.data))),
                "folder",
            )
        )
        card.box.addLayout(row)
        return card

    def accept(self) -> None:
        chosen = {key: _value(editor) for key, editor in self.editors.items()}
        self._store.set_values(replace(self._store.values, **chosen))
        super().accept()

    def _show(self, settings: Settings) -> None:
        for key, value in asdict(settings).items():
            editor = self.editors.get(key)
            if editor is not None:
                _set_value(editor, value)


def _make_editor(setting: Setting) -> Editor:
    if setting.choices:
        combo = Choice()
        for value, words in setting.choices:
            combo.addItem(_words(words), value)
        return combo
    return QCheckBox(_words(setting.label))


def _value(editor: Editor) -> Any:
    return editor.isChecked() if isinstance(editor, QCheckBox) else editor.currentData()


def _set_value(editor: Editor, value: Any) -> None:
    if isinstance(editor, QCheckBox):
        editor.setChecked(value)
        return
    if editor.findData(value) < 0:  # a value that was written into the file by hand stays possible
        editor.addItem(messages.short(value) if isinstance(value, float) else str(value), value)
    editor.setCurrentIndex(editor.findData(value))


def _words(words: Words) -> str:
    return messages.translate("settings", words) if words else ""
