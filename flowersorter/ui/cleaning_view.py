"""The Clean page: what in a labelled folder looks wrong, and what is to be done about it.

Nothing moves before the plan was seen; carrying it out is one batch of the history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from flowersorter.jobs import clean
from flowersorter.jobs.clean import Change, Checked
from flowersorter.jobs.sort import Planned
from flowersorter.learning.suspects import Finding
from flowersorter.paths import Home
from flowersorter.progress import Report
from flowersorter.records import Plan, Receipt, Status
from flowersorter.ui import messages
from flowersorter.ui.cleaning import Cleaning
from flowersorter.ui.cleaning_page import CleaningPage
from flowersorter.ui.plan_view import PlanView
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.tasks import OneTask, TaskRunner
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.widgets import EmptyState, MessageBar, ProgressPanel, button, heading, primary_button


class CleaningView(QWidget):
    """Looks, shows what was found, plans and carries out."""

    closed = Signal()  # back to where it was opened from
    teach_requested = Signal()
    found = Signal(object)  # Checked
    filed = Signal(object)  # Receipt
    filing_changed = Signal(bool)  # whether photos are being moved

    def __init__(
        self, home: Home, store: SettingsStore, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._home = home
        self._store = store
        self._thumbnails = thumbnails
        self._task = OneTask(self)
        self._look: Callable[[Report], Checked] | None = None
        self._planned: tuple[Plan, tuple[Change, ...]] | None = None
        self._folder = Path()
        self.filing = False
        self.message = MessageBar()
        self.message.setObjectName("on_top")
        self.progress = ProgressPanel()
        self.progress.cancel_requested.connect(self.cancel)
        self.page = CleaningPage(store, thumbnails)
        self.page.plan_requested.connect(self._plan)
        self.page.settled.connect(lambda findings: self._settle(findings, right=True))
        self.page.doubted.connect(lambda findings: self._settle(findings, right=False))
        self.page.closed.connect(self.closed)
        self.plan = PlanView(cleaning=True)
        self.plan.back.connect(self._show_page)
        self.plan.carry_out_requested.connect(self._carry_out)
        self.plan.cancel_requested.connect(self.cancel)
        self._empty = EmptyState(
            "check",
            self.tr("Nothing looks wrong."),
            self.tr("No photo looks misfiled, and none is there twice. You can teach from this folder."),
        )
        self.teach_button = primary_button(self.tr("Go on to teaching"), self.teach_requested.emit)
        self._empty.add_button(self.teach_button)
        self.pages = QStackedWidget()
        for page in (self._make_waiting(), self.page, self.plan, self._empty):
            self.pages.addWidget(page)
        above = QVBoxLayout()
        above.setContentsMargins(3 * GRID, 0, 3 * GRID, 0)
        above.addWidget(self.message)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(above)
        whole.addWidget(self.pages, 1)

    def _make_waiting(self) -> QWidget:
        self._waiting = QWidget()
        box = QVBoxLayout(self._waiting)
        box.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 3 * GRID)
        box.setSpacing(2 * GRID)
        box.addWidget(heading(self.tr("Looking for photos that are in the wrong place")))
        box.addWidget(self.progress)
        box.addStretch(1)
        self.back_button = button(self.tr("Back"), self.closed.emit)
        box.addWidget(self.back_button)
        return self._waiting

    def look(self, folder: Path, base: str, device: str) -> None:
        """Look at all photos of a labelled folder. Quick where they were seen before."""
        self._remember(folder, base, device)
        self.look_again()

    def look_again(self) -> None:
        """The same once more, after photos moved."""
        if self._look is None or self._carrying_out:
            return  # which ends by looking again
        self.progress.start()
        self.back_button.hide()
        self.pages.setCurrentWidget(self._waiting)
        self._task.replace(partial(self._start_looking, self._look))

    def _start_looking(self, look: Callable[[Report], Checked]) -> None:
        task = self._task.prepare(look)
        task.progressed.connect(self.progress.show_progress)
        task.succeeded.connect(self.show_checked)
        task.failed.connect(self._show_error)
        task.cancelled.connect(self.closed)
        task.start()

    def show_checked(self, checked: Checked) -> None:
        """Show what was found, here or by teaching."""
        self.progress.stop()
        self._folder = checked.folder
        if checked.findings:
            self.page.show_cleaning(Cleaning(checked))
            self._show_page()
        else:
            self.pages.setCurrentWidget(self._empty)
            self.teach_button.setFocus()
        self.found.emit(checked)

    def show_found(self, checked: Checked, base: str, device: str) -> None:
        """Show what teaching found; looking again asks for the same base."""
        if self._carrying_out:
            return
        self._remember(checked.folder, base, device)
        self._task.replace(lambda: self.show_checked(checked))

    def _remember(self, folder: Path, base: str, device: str) -> None:
        """How to look, so that it can be done again."""
        settings = self._store.values
        self.message.hide()
        self._look = lambda report: clean.look_for_suspects(
            self._home, settings, folder, base, device, report
        )

    @property
    def _carrying_out(self) -> bool:
        return self.filing and self._task.busy

    def cancel(self) -> None:
        """Stop what is running; photos that were moved stay moved."""
        self._task.cancel()

    def set_locked(self, locked: bool) -> None:
        """Shut the plan while another page changes photos: one change at a time."""
        self.plan.setEnabled(not locked)

    def _show_page(self) -> None:
        self.pages.setCurrentWidget(self.page)
        self.page.setFocus()

    def _settle(self, findings: Sequence[Finding], *, right: bool) -> None:
        """Remember at once what is right; it needs no plan, for nothing moves."""
        task = TaskRunner(lambda _report: clean.settle(self._home, findings, right=right), self)
        task.failed.connect(self._show_error)
        task.start()

    def _plan(self, changes: tuple[Change, ...]) -> None:
        if self._task.busy:
            return
        folder = self._folder
        task = self._task.prepare(lambda report: clean.plan_changes(self._home, folder, changes, report))
        task.succeeded.connect(lambda planned: self._show_plan(planned, changes))
        task.failed.connect(self._show_error)
        task.start()

    def _show_plan(self, planned: Planned, changes: tuple[Change, ...]) -> None:
        self._planned = planned.plan, changes
        self.message.hide()
        self.plan.show_plan(planned)
        self.pages.setCurrentWidget(self.plan)
        self.plan.setFocus()

    def _carry_out(self) -> None:
        if self._task.busy or self._planned is None:
            return
        plan, changes = self._planned
        task = self._task.prepare(lambda report: clean.carry_out(self._home, plan, changes, report))
        task.progressed.connect(self.plan.show_progress)
        task.succeeded.connect(self._show_receipt)
        task.failed.connect(self._show_error)
        self._set_filing(filing=True)
        for ended in (task.succeeded, task.failed, task.cancelled):
            ended.connect(lambda *_outcome: self._set_filing(filing=False))
        task.start()

    def _set_filing(self, *, filing: bool) -> None:
        self.filing = filing
        self.filing_changed.emit(filing)

    def _show_receipt(self, receipt: Receipt) -> None:
        moved = receipt.count(Status.MOVED)
        rest = [one for one in receipt.outcomes if one.status is not Status.MOVED]
        words = [self.tr("{photos} moved.").format(photos=messages.photos(moved))]
        if receipt.unwritten is None:
            words[0] += " " + self.tr("History can take it back.")
        words += messages.unwritten(receipt)
        words += [
            f"{messages.place(outcome.photo.path)}: {messages.say(outcome.reason)}"
            for outcome in rest
            if outcome.reason is not None
        ]
        self.message.show_message(
            "\n".join(words),
            "warning" if rest or receipt.unwritten else "info",
            self.tr("Teach now"),
            self.teach_requested.emit,
        )
        self.filed.emit(receipt)
        self.look_again()

    def _show_error(self, error: Exception) -> None:
        self.progress.stop()
        self.back_button.show()
        if self.pages.currentWidget() is self.plan:
            self._show_page()
        self.message.show_message(messages.say_error(error), "error")
