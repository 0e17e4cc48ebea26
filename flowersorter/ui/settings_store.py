"""The settings in use by the window, kept on disk soon after each change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from flowersorter import settings
from flowersorter.settings import Settings
from flowersorter.ui.tasks import TaskRunner

_SAVE_AFTER_MS = 400  # dragging a slider is one change


class SettingsStore(QObject):
    """Holds the `Settings`; `change` them, listen to `changed`."""

    changed = Signal(object)  # Settings
    failed = Signal(object)  # Exception: they could not be written

    def __init__(self, file: Path, values: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self._values = values
        self._unsaved = False
        self._saving: TaskRunner | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAVE_AFTER_MS)
        self._timer.timeout.connect(self._save)

    @property
    def values(self) -> Settings:
        return self._values

    def change(self, **fields: Any) -> None:
        """Replace fields of the settings, tell everybody, and keep them."""
        self.set_values(replace(self._values, **fields))

    def set_values(self, values: Settings) -> None:
        if values == self._values:
            return
        self._values = values
        self._unsaved = True
        self._timer.start()
        self.changed.emit(values)

    def close(self) -> None:
        """Write what is not yet written. Raises OSError."""
        self._timer.stop()
        if self._saving is not None:
            self._saving.wait()
        if self._unsaved:
            settings.save(self._file, self._values)
            self._unsaved = False

    def _save(self) -> None:
        if self._saving is not None:
            self._timer.start()
            return
        values = self._values
        self._unsaved = False
        self._saving = TaskRunner(lambda _report: settings.save(self._file, values), self)
        self._saving.failed.connect(self._save_failed)
        self._saving.finished.connect(self._saved)
        self._saving.start()

    def _save_failed(self, error: Exception) -> None:
        self._unsaved = True
        self.failed.emit(error)

    def _saved(self) -> None:
        self._saving = None
