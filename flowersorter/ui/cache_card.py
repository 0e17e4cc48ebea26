"""How much room the caches take, and the button that clears them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QHBoxLayout

from flowersorter.paths import Home
from flowersorter.ui import messages
from flowersorter.ui.tasks import TaskRunner, Work
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import Card, button, text


class CacheCard(Card):
    """Works off the GUI thread; its tasks belong to `owner`, who outlives the dialog."""

    def __init__(self, home: Home, owner: QObject) -> None:
        super().__init__(self.tr("Remembered photos"))
        self._home = home
        self._owner = owner
        self.size_text = text("", "muted")
        self.clear_button = button(self.tr("Clear"), self.clear)
        self.clear_button.setAccessibleName(self.tr("Clear what is remembered of photos"))
        self.clear_button.setEnabled(False)
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        row.addWidget(self.size_text, 1)
        row.addWidget(self.clear_button)
        self.box.addLayout(row)
        self._run(self._measure)

    def clear(self) -> None:
        """Clear the caches; the photos and what was decided stay."""
        self.clear_button.setEnabled(False)
        self._run(self._clear)

    def _measure(self, _report: object) -> int:
        from flowersorter.jobs.caches import cache_bytes

        return cache_bytes(self._home)

    def _clear(self, _report: object) -> int:
        from flowersorter.jobs.caches import clear_caches

        return clear_caches(self._home)

    def _run(self, work: Work) -> None:
        task = TaskRunner(work, self._owner)
        task.succeeded.connect(self._show_size)
        task.failed.connect(self._show_error)
        task.start()

    def _show_size(self, size: int) -> None:
        words = self.tr(
            "What is remembered of photos takes {size}. Cleared, it is worked out again when it is needed; "
            "no photo and no decision goes."
        )
        self.size_text.setText(words.format(size=messages.bytes_words(size)))
        self.clear_button.setEnabled(True)

    def _show_error(self, error: Exception) -> None:
        self.size_text.setText(messages.say_error(error))
        self.clear_button.setEnabled(True)
