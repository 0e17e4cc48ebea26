"""The history: every batch that was filed, and taking it back or doing it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from flowersorter.jobs.history import history, redo, undo
from flowersorter.paths import Home
from flowersorter.records import Batch, Left, Transfer, Undone
from flowersorter.sentences import show_path
from flowersorter.ui import messages
from flowersorter.ui.group_tree import GroupTree, by_reason, stay_line
from flowersorter.ui.history_table import HistoryTable
from flowersorter.ui.newest import Newest
from flowersorter.ui.questions import ask
from flowersorter.ui.tasks import OneTask, Work
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import EmptyState, MessageBar, ProgressPanel, button, heading, set_role, text

_OPEN_UP_TO = 12  # photos; larger groups start folded


class HistoryView(QWidget):
    """Lists the batches, newest first. Undoing asks once, and says what will happen."""

    undone = Signal(object)  # Undone
    busy_changed = Signal(bool)
    refreshed = Signal()

    def __init__(self, home: Home, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._task = OneTask(self)
        self._reader = Newest(lambda _wish: history(home), self)  # an older reading never comes last
        self._reader.succeeded.connect(lambda _wish, batches: self._show(batches))
        self._reader.failed.connect(lambda _wish, error: self._show_unread(error))
        self._locked = False

        self.message = MessageBar()
        self.progress = ProgressPanel(self.tr("Stop"))
        self.progress.cancel_requested.connect(self.cancel)
        self.table = HistoryTable()
        self.table.itemSelectionChanged.connect(self._update_buttons)
        self.left = GroupTree((self.tr("Not put back, and why"), self.tr("Photos"), ""), stay_line)
        self.left.setAccessibleName(self.tr("Photos that were not put back, by reason"))
        self.left.hide()
        empty = EmptyState(
            "history",
            self.tr("Nothing has been filed yet"),
            self.tr("Whatever you sort is listed here, and you can take it back at any time."),
        )

        full = QWidget()
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(full)
        self._pages.setCurrentWidget(full)  # takes the keyboard; whether it is empty is read first
        inner = QVBoxLayout(full)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(GRID)
        inner.addWidget(self.table, 2)
        inner.addWidget(self.left, 1)

        body = QVBoxLayout()
        body.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 2 * GRID)
        body.setSpacing(GRID)
        body.addWidget(heading(self.tr("History")))
        body.addWidget(text(self.tr("What was filed, newest first. Select a line to take it back."), "muted"))
        body.addWidget(self.message)
        body.addWidget(self._pages, 1)
        body.addWidget(self.progress)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(body, 1)
        page.addWidget(self._make_bar())
        self.setFocusProxy(self.table)

    def _make_bar(self) -> QFrame:
        self.undo_button = button(self.tr("Undo…"), self._ask_undo, "undo")
        self.redo_button = button(self.tr("Do it again…"), self._ask_redo, "redo")
        bar = QFrame()
        set_role(bar, "bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        row.setSpacing(2 * GRID)
        row.addWidget(self.undo_button)
        row.addWidget(self.redo_button)
        row.addStretch(1)
        return bar

    @property
    def busy(self) -> bool:
        """Whether photos are being put back or filed again."""
        return self._task.busy

    def refresh(self) -> None:
        """Read the history again, off the GUI thread."""
        self._reader.ask(None)

    def set_locked(self, locked: bool) -> None:
        """Shut Undo and Redo while another page changes photos: one change at a time."""
        self._locked = locked
        self._update_buttons()

    def _show(self, batches: Sequence[Batch]) -> None:
        self.table.show_batches(batches)
        self._pages.setCurrentIndex(1 if batches or not self.left.isHidden() else 0)
        self._update_buttons()
        self.refreshed.emit()

    def _update_buttons(self) -> None:
        batch = self.table.selected()
        free = not self.busy and not self._locked and batch is not None
        self.undo_button.setEnabled(free and batch is not None and batch.undone < batch.photos)
        self.redo_button.setEnabled(free and batch is not None and batch.undone > 0)

    def _ask_undo(self) -> None:
        batch = self.table.selected()
        if batch is None:
            return
        count = batch.photos - batch.undone
        if batch.transfer is Transfer.COPY:
            question = messages.plural(
                count,
                self.tr("Put %Ln copy into the trash?", "", count),
                self.tr("Put %Ln copies into the trash?", "", count),
            )
            words = self.tr(
                "The originals are not touched. Copies that you changed since then stay, and are listed. "
                "Folders that become empty are removed."
            )
        else:
            question = messages.plural(
                count,
                self.tr("Put %Ln photo back where it was?", "", count),
                self.tr("Put %Ln photos back where they were?", "", count),
            )
            words = self.tr(
                "They go from the species folders in {into} back to their old places in {root}. Photos that "
                "you changed, renamed or moved since then stay, and are listed. Folders that become empty "
                "are removed."
            ).format(into=show_path(batch.into), root=show_path(batch.root))
        ask(self, question, words, self.tr("Undo"), lambda: self.undo_batch(batch.id))

    def _ask_redo(self) -> None:
        batch = self.table.selected()
        if batch is None:
            return
        question = messages.plural(
            batch.undone,
            self.tr("File %Ln photo again?", "", batch.undone),
            self.tr("File %Ln photos again?", "", batch.undone),
        )
        words = self.tr(
            "They go into the same species folders in {into} as the last time. Photos that you changed, "
            "renamed or moved since then stay, and are listed."
        ).format(into=show_path(batch.into))
        ask(self, question, words, self.tr("File them again"), lambda: self._redo_batch(batch.id))

    def undo_batch(self, batch: int) -> None:
        """Put the photos of a batch back without asking; for the Undo button of a receipt."""
        self._change(lambda report: undo(self._home, batch, report), self._say_undone)

    def _redo_batch(self, batch: int) -> None:
        self._change(lambda report: redo(self._home, batch, report), self._say_redone)

    def _change(self, work: Work, say_done: Callable[[Undone], str]) -> None:
        if self.busy or self._locked:
            self.message.show_message(
                self.tr("Photos are being filed just now. Wait until that is done."), "warning"
            )
            return
        self.message.hide()
        self.left.hide()
        task = self._task.prepare(work)
        for ended in (task.succeeded, task.failed, task.cancelled):
            ended.connect(self._end)  # before what follows is shown
        task.progressed.connect(self.progress.show_progress)
        task.succeeded.connect(lambda done: self._show_done(done, say_done(done)))
        task.failed.connect(self._show_error)
        self.progress.start()
        self.progress.cancel_button.setFocus()
        self._update_buttons()
        self.busy_changed.emit(True)  # noqa: FBT003 - a signal has no keywords
        task.start()

    def cancel(self) -> None:
        """Stop what is being undone or done again; what it has done so far is kept."""
        self._task.cancel()

    def show_left(self, left: Sequence[Left]) -> None:
        """List photos that were not put back, and why."""
        self.left.show_groups(by_reason(left), open_up_to=_OPEN_UP_TO)
        self.left.setVisible(bool(left))
        if left:
            self._pages.setCurrentIndex(1)

    def _show_done(self, done: Undone, words: str) -> None:
        if done.cancelled:
            words = self.tr("You stopped. {done}").format(done=words)
        words = "\n".join((words, *messages.unwritten(done)))
        all_well = not (done.left or done.cancelled or done.unwritten)
        self.message.show_message(words, "info" if all_well else "warning")
        self.show_left(done.left)
        self.undone.emit(done)

    def _say_undone(self, done: Undone) -> str:
        back = messages.plural(
            done.restored,
            self.tr("%Ln photo is back where it was.", "", done.restored),
            self.tr("%Ln photos are back where they were.", "", done.restored),
        )
        return f"{back} {self._say_left(done)}".rstrip()

    def _say_redone(self, done: Undone) -> str:
        again = messages.plural(
            done.restored,
            self.tr("%Ln photo is in its folder again.", "", done.restored),
            self.tr("%Ln photos are in their folders again.", "", done.restored),
        )
        return f"{again} {self._say_left(done)}".rstrip()

    def _say_left(self, done: Undone) -> str:
        left = len(done.left)
        if not left:
            return ""
        return messages.plural(
            left,
            self.tr("%Ln was left as it is.", "", left),
            self.tr("%Ln were left as they are.", "", left),
        )

    def _show_unread(self, error: Exception) -> None:
        self.table.show_batches(())
        self._pages.setCurrentIndex(1)  # nobody knows that nothing was filed
        self._update_buttons()
        self._show_error(error)

    def _show_error(self, error: Exception) -> None:
        self.message.show_message(messages.say_error(error), "error")

    def _end(self) -> None:
        self.progress.stop()
        if self.isVisibleTo(self.window()):
            self.table.setFocus()  # the button that was pressed cannot be pressed again
        self.busy_changed.emit(False)  # noqa: FBT003 - a signal has no keywords
        self.refresh()
