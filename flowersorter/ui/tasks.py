"""One thread class around pure work.

The signals live on the thread object, which belongs to the GUI thread, so every receiver runs there.
They carry ``object``: an ``int`` signal wraps at 2^31.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QEventLoop,
    QObject,
    QThread,
    QTimer,
    Signal,
    SignalInstance,
)

from flowersorter.progress import Cancelled, Progress, Report
from flowersorter.records import Refused

logger = logging.getLogger(__name__)

Work = Callable[[Report], Any]

_TICK: Final = 50  # milliseconds


class TaskRunner(QThread):
    """Runs ``work(report)`` once. Emits one of `succeeded`, `failed` and `cancelled`, or none if dropped.

    `failed` carries a `Refused` for what the user can mend, any other exception for a defect of ours.
    Give it a parent and leave it to that: PySide crashes on a child that waits for `deleteLater` while
    its parent goes.
    """

    progressed = Signal(object)  # Progress: the latest, some times a second; a signal each halves the speed
    partial = Signal(object)  # any other record that the work reports
    succeeded = Signal(object)  # what the work returned
    failed = Signal(object)  # Exception
    cancelled = Signal()

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._dropped = False
        self._latest: Progress | None = None  # reported
        self._told: Progress | None = None
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK)
        self._ticker.timeout.connect(self._pass_on)
        self.started.connect(self._ticker.start)
        self.finished.connect(self._ticker.stop)

    def cancel(self) -> None:
        """Ask the work to stop at its next report."""
        self._dropped = False
        self.requestInterruption()

    def drop(self) -> None:
        """Ask the work to stop, and tell nobody what came of it; `finished` still says that it ended."""
        self._dropped = True
        self.requestInterruption()

    def run(self) -> None:
        try:
            result = self._work(self._report)
        except Cancelled:
            self._tell(self.cancelled)
        except Refused as refusal:
            self._tell(self.failed, refusal)
        except Exception as error:  # the boundary of the thread: the window says it, the log keeps it
            logger.exception("a task failed")
            self._tell(self.failed, error)
        else:
            self._tell(self.succeeded, result)
        finally:
            del self._work  # what it holds on to may be large, and the thread object stays for a while

    def _tell(self, end: SignalInstance, *outcome: object) -> None:
        self._latest = None  # nothing is said of the work after its end
        if not self._dropped:
            end.emit(*outcome)

    def _report(self, event: object) -> None:
        if self.isInterruptionRequested():
            raise Cancelled
        if isinstance(event, Progress):
            self._latest = event
        else:
            self.partial.emit(event)

    def _pass_on(self) -> None:
        latest = self._latest
        if latest is not None and latest is not self._told and not self.isInterruptionRequested():
            self._told = latest
            self.progressed.emit(latest)


class OneTask(QObject):
    """Room for one task of its parent at a time."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._task: TaskRunner | None = None
        self._next: Callable[[], object] | None = None

    @property
    def busy(self) -> bool:
        return self._task is not None

    def prepare(self, work: Work) -> TaskRunner:
        """A task that is still to be connected and started. The room is free again when its end is told."""
        task = TaskRunner(work, self)
        self._task = task
        for ended in (task.succeeded, task.failed, task.cancelled):
            ended.connect(self._end)  # before what follows, which may start the next task
        task.finished.connect(partial(self._go_on, task))
        return task

    def replace(self, start: Callable[[], object]) -> None:
        """Call `start` when the room is free: what runs is dropped, and so is an older wish that waits."""
        if self._task is None:
            start()
        else:
            self._next = start
            self._task.drop()

    def cancel(self) -> None:
        self._next = None
        if self._task is not None:
            self._task.cancel()

    def _end(self) -> None:
        self._task = None

    def _go_on(self, ended: TaskRunner) -> None:
        if self._task is ended:  # it was dropped
            self._task = None
        if self._task is None and self._next is not None:
            start, self._next = self._next, None
            start()


def end_tasks(owner: QObject) -> None:
    """Cancel every task below `owner`, wait, and deliver its last word; then those that this started.

    A thread that runs when its object goes takes the program down with it.
    """
    while True:
        tasks = owner.findChildren(TaskRunner)
        for task in tasks:
            task.cancel()
        for task in tasks:
            task.wait()
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        if not any(task.isRunning() for task in owner.findChildren(TaskRunner)):
            break
    # PySide crashes on an object that waits to be deleted while its parent goes
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
