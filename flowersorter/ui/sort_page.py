"""The Sort page: choose, review, plan, done. Wires the steps to the session; each step is a view."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QFocusEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from flowersorter.paths import Home
from flowersorter.progress import Progress, Report
from flowersorter.records import Receipt, Refused
from flowersorter.ui import messages
from flowersorter.ui.explanations import Explanations, LateExplainer
from flowersorter.ui.questions import ask
from flowersorter.ui.review_view import ReviewView
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.sort_session import Busy, SortSession
from flowersorter.ui.tasks import TaskRunner
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Previews, Thumbnailer, Thumbnails
from flowersorter.ui.welcome_view import WelcomeView
from flowersorter.ui.widgets import MessageBar, quiet_button, set_role

if TYPE_CHECKING:
    from flowersorter.jobs.correct import Corrected
    from flowersorter.jobs.sort import Planned, SortRequest
    from flowersorter.ui.plan_view import PlanView
    from flowersorter.ui.receipt_view import ReceiptView


class SortPage(QWidget):
    """One step at a time; a later step is built when it is first needed."""

    teach_requested = Signal()
    models_requested = Signal()
    undo_requested = Signal(int)  # batch
    model_changed = Signal()  # the model has learned: another version may be in force

    def __init__(
        self,
        home: Home,
        store: SettingsStore,
        session: SortSession,
        thumbnailer: Thumbnailer,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._home = home
        self._session = session
        self._store = store
        self.thumbnails = Thumbnails(thumbnailer, self)
        self.previews = Previews(thumbnailer, self)
        self.explanations = Explanations(LateExplainer(home, lambda: store.values), self)
        self.message = MessageBar()
        self.header = _StepHeader()
        self.stack = QStackedWidget()
        self.welcome = WelcomeView(home, session, store)
        self.review = ReviewView(session, store, self.thumbnails, self.previews, self.explanations)
        self.plan: PlanView | None = None
        self.receipt: ReceiptView | None = None
        self.stack.addWidget(self.welcome)
        self.stack.addWidget(self.review)
        above = QVBoxLayout()
        above.setContentsMargins(2 * GRID, 0, 2 * GRID, 0)
        above.addWidget(self.message)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(self.header)
        page.addLayout(above)
        page.addWidget(self.stack, 1)
        self.header.back_pressed.connect(self._back_to_choice)
        self.welcome.folder_chosen.connect(self.open_folder)
        self.welcome.start_requested.connect(self._start)
        self.welcome.teach_requested.connect(self.teach_requested)
        self.welcome.models_requested.connect(self.models_requested)
        self.review.teach_requested.connect(self.teach_requested)
        self.review.plan_requested.connect(self._ask_for_plan)
        session.planned.connect(self._show_plan)
        session.filed.connect(self._show_receipt)
        session.failed.connect(self._show_failure)
        session.not_filed.connect(self._show_not_filed)
        session.not_saved.connect(self._show_error)
        session.progressed.connect(self._show_progress)
        self._go(self.welcome)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Hand the keyboard on. Tab meets a page before what lies in it: a proxy would lead it past most."""
        if (step := self.stack.currentWidget()) is not None:
            step.setFocus(event.reason())

    def open_folder(self, folder: Path) -> None:
        """Look into `folder`, after asking if another one is being sorted."""
        if self._session.busy is Busy.FILING:
            self.message.show_message(
                self.tr("Photos are being filed. Open “{folder}” when that is done.").format(
                    folder=messages.place(folder)
                ),
                "warning",
            )
        elif self._session.busy is Busy.CLASSIFYING:
            ask(
                self,
                self.tr("Stop sorting and open another folder?"),
                self.tr("What you said of photos is remembered; no photo has been moved."),
                self.tr("Open “{folder}”").format(folder=folder.name),
                lambda: self._open(folder),
            )
        else:
            self._open(folder)

    def choose_folder(self) -> None:
        self.welcome.choose_folder()

    def look_again(self) -> None:
        """Photos were put back or moved again: what is shown of the folder may be out of date."""
        folder = self.welcome.folder
        if folder is None:
            return
        if self.stack.currentWidget() in (self.welcome, self.receipt):
            self._open(folder)
        else:
            words = self.tr(
                "Photos were put back or moved again. Start over to see this folder as it is now."
            )
            self.message.show_message(words, "info", self.tr("Start over"), lambda: self._open(folder))

    def close_threads(self) -> None:
        """Stop what runs here and wait for it."""
        self.thumbnails.close()
        self.previews.close()
        self.explanations.close()

    def _open(self, folder: Path) -> None:
        self._session.cancel()
        self.message.hide()
        self.welcome.open_folder(folder)
        self._go(self.welcome)

    def _back_to_choice(self) -> None:
        folder = self.welcome.folder
        if folder is None:
            self._go(self.welcome)
        elif self._session.busy is Busy.CLASSIFYING:
            ask(
                self,
                self.tr("Stop and start over?"),
                self.tr("What you said of photos is remembered; no photo has been moved."),
                self.tr("Start over"),
                lambda: self._open(folder),
            )
        elif self._session.busy is not Busy.FILING:
            self._open(folder)

    def _start(self, request: SortRequest) -> None:
        self.thumbnails.forget()
        self._session.classify(request)
        self._go(self.review)

    def _ask_for_plan(self) -> None:
        self.message.hide()
        self._session.make_plan()

    def _show_plan(self, planned: Planned) -> None:
        if self.plan is None:
            self.plan = self._make_plan_view()
        self.plan.show_plan(planned)
        self._go(self.plan)

    def _make_plan_view(self) -> PlanView:
        from flowersorter.ui.plan_view import PlanView

        view = PlanView(self)
        view.back.connect(lambda: self._go(self.review))
        view.transfer_changed.connect(self._session.make_plan)
        view.carry_out_requested.connect(self._session.carry_out)
        view.cancel_requested.connect(self._session.cancel)
        self.stack.addWidget(view)
        return view

    def _show_progress(self, progress: Progress) -> None:
        if self.plan is not None and self._session.busy is Busy.FILING:
            self.plan.show_progress(progress)

    def _show_receipt(self, receipt: Receipt) -> None:
        request = self._session.request
        if request is None:
            return
        if self.receipt is None:
            self.receipt = self._make_receipt_view()
        corrections = len(self._session.review.corrections())
        self.receipt.show_receipt(receipt, request.transfer, request.target, corrections)
        self._go(self.receipt)

    def _make_receipt_view(self) -> ReceiptView:
        from flowersorter.ui.receipt_view import ReceiptView

        view = ReceiptView(self)
        view.undo_requested.connect(self.undo_requested)
        view.learn_requested.connect(self._learn)
        view.sort_another.connect(self._sort_another)
        view.open_folder_requested.connect(
            lambda folder: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
        )
        self.stack.addWidget(view)
        return view

    def _learn(self) -> None:
        """Teach the model that named these photos what the gardener named otherwise."""
        receipt, started = self.receipt, self._session.started_with
        if receipt is None or started is None:
            return
        home, settings, model = self._home, self._store.values, started.model.name
        corrections = self._session.review.corrections()

        def work(report: Report) -> Corrected:
            from flowersorter.jobs.correct import correct

            return correct(home, settings, model, corrections, report)

        def learned(corrected: Corrected) -> None:
            receipt.show_learned(corrected)
            self.model_changed.emit()

        task = TaskRunner(work, self)
        task.succeeded.connect(learned)
        task.failed.connect(receipt.show_not_learned)
        task.start()

    def _sort_another(self) -> None:
        self._go(self.welcome)
        self.welcome.show_hero()

    def _show_failure(self, error: Exception) -> None:
        if self.stack.currentWidget() is self.review and not self._session.review.photos:
            self._go(self.welcome)  # nothing could begin
            self.welcome.message.show_message(messages.say_error(error), "error")
        elif self.stack.currentWidget() is not self.welcome:
            self._show_error(error)
            if self.stack.currentWidget() is self.plan:
                self._go(self.review)  # the plan is used up; a new one says how things are now

    def _show_not_filed(self, error: Exception) -> None:
        """Unless it was refused, some photos may have moved: the folder is shown as it is now."""
        folder = self.welcome.folder
        if isinstance(error, Refused) or folder is None:
            self._show_failure(error)
        else:
            self._open(folder)
            self._show_error(error)

    def _show_error(self, error: Exception) -> None:
        self.message.show_message(messages.say_error(error), "error")

    def _go(self, view: QWidget) -> None:
        self.stack.setCurrentWidget(view)
        steps: list[QWidget | None] = [self.welcome, self.review, self.plan, self.receipt]
        self.header.show_step(steps.index(view))
        if self.isVisibleTo(self.window()):  # else another page has the keyboard
            view.setFocus(Qt.FocusReason.OtherFocusReason)


class _StepHeader(QWidget):
    """Where one is: 1 Choose, 2 Review, 3 Plan, 4 Done."""

    back_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[QLabel] = []
        box = QHBoxLayout(self)
        box.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID // 2)
        box.setSpacing(GRID)
        names = (self.tr("Choose"), self.tr("Review"), self.tr("Plan"), self.tr("Done"))
        for number, name in enumerate(names, 1):
            if number > 1:
                line = QLabel("—")
                set_role(line, "muted")
                box.addWidget(line)
            label = QLabel(f"{number}  {name}")
            box.addWidget(label)
            self._steps.append(label)
        box.addStretch(1)
        self.again = quiet_button(self.tr("Start over"), self.back_pressed.emit, "previous")
        box.addWidget(self.again)

    def show_step(self, current: int) -> None:
        for number, label in enumerate(self._steps):
            set_role(label, "step" if number == current else "muted")
        self.again.setVisible(current in (1, 2))
