"""One thread class around pure work.

The signals live on the thread object, which belongs to the GUI thread, so every receiver runs there.
They carry ``object``: an ``int`` signal wraps at 2^31.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QThread, Signal

from flowersorter.progress import Cancelled, Progress, Report
from flowersorter.records import Refused

logger = logging.getLogger(__name__)

Work = Callable[[Report], Any]


class TaskRunner(QThread):
    """Runs ``work(report)`` once. Exactly one of `succeeded`, `failed` and `cancelled` is emitted.

    `failed` carries a `Refused` for what the user can mend, any other exception for a defect of ours.
    Give it a parent and leave it to that: PySide crashes on a child that waits for `deleteLater` while
    its parent goes.
    """

    progressed = Signal(object)  # Progress
    partial = Signal(object)  # any other record that the work reports
    succeeded = Signal(object)  # what the work returned
    failed = Signal(object)  # Exception
    cancelled = Signal()

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work

    def cancel(self) -> None:
        """Ask the work to stop at its next report."""
        self.requestInterruption()

    def run(self) -> None:
        try:
            result = self._work(self._report)
        except Cancelled:
            self.cancelled.emit()
        except Refused as refusal:
            self.failed.emit(refusal)
        except Exception as error:  # the boundary of the thread: the window says it, the log keeps it
            logger.exception("a task failed")
            self.failed.emit(error)
        else:
            self.succeeded.emit(result)
        finally:
            del self._work  # what it holds on to may be large, and the thread object stays for a while

    def _report(self, event: object) -> None:
        if self.isInterruptionRequested():
            raise Cancelled
        if isinstance(event, Progress):
            self.progressed.emit(event)
        else:
            self.partial.emit(event)


class OneTask(QObject):
    """Room for one task of its parent at a time."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._task: TaskRunner | None = None

    @property
    def busy(self) -> bool:
        return self._task is not None

    def prepare(self, work: Work) -> TaskRunner:
        """A task that is still to be connected and started. The room is free again when its end is told."""
        task = TaskRunner(work, self)
        self._task = task
        for ended in (task.succeeded, task.failed, task.cancelled):
            ended.connect(self._end)  # before what follows, which may start the next task
        return task

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _end(self) -> None:
        self._task = None


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
