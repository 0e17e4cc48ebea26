"""One task at a time for wishes that outrun it: of those that come meanwhile only the newest is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from flowersorter.ui.tasks import TaskRunner


class Newest(QObject):
    """Runs ``work(wish)`` off the GUI thread; `succeeded` or `failed` answers with the wish."""

    succeeded = Signal(object, object)  # the wish, what the work returned
    failed = Signal(object, object)  # the wish, Exception

    def __init__(self, work: Callable[[Any], Any], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._task: TaskRunner | None = None
        self._next: tuple[object] | None = None

    def ask(self, wish: object) -> None:
        """Do this next; a wish that waits is dropped."""
        self._next = (wish,)
        if self._task is None:
            self._go_on()

    def close(self) -> None:
        """Drop what waits, and wait for what runs."""
        self._next = None
        if self._task is not None:
            self._task.wait()

    def _go_on(self) -> None:
        self._task = None
        if self._next is None:
            return
        (wish,), self._next = self._next, None
        work = self._work
        task = TaskRunner(lambda _report: work(wish), self)
        task.succeeded.connect(lambda result: self.succeeded.emit(wish, result))
        task.failed.connect(lambda error: self.failed.emit(wish, error))
        task.finished.connect(self._go_on)
        self._task = task
        task.start()
