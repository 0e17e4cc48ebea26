"""The Teach page: choose and look, learn, and the report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from flowersorter.jobs.clean import Checked, look_at_answers
from flowersorter.jobs.models import use_version
from flowersorter.jobs.teach import Taught, TeachRequest, inspect, teach
from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.dataset import Labelled
from flowersorter.paths import Home
from flowersorter.progress import Report
from flowersorter.ui import messages
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.tasks import OneTask, TaskRunner
from flowersorter.ui.teaching_setup import TeachingSetup
from flowersorter.ui.thumbnails import Thumbnails

if TYPE_CHECKING:  # these load pyqtgraph, or are seldom needed
    from flowersorter.ui.cleaning_view import CleaningView
    from flowersorter.ui.lesson_view import LessonView
    from flowersorter.ui.report_view import ReportView


class TeachingView(QWidget):
    """Runs the inspection and the teaching; the model learned is the one in use afterwards."""

    taught = Signal(object)  # Taught, or the ModelInfo that was chosen: other models are there or in force
    sort_requested = Signal()
    photo_opened = Signal(object, object)  # Answer, ModelInfo
    filing_changed = Signal(bool)  # whether photos are being moved

    def __init__(
        self, home: Home, store: SettingsStore, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._home = home
        self._store = store
        self._thumbnails = thumbnails
        self._task = OneTask(self)
        self._lesson: LessonView | None = None
        self._report: ReportView | None = None
        self._request: TeachRequest | None = None
        self._taught: Taught | None = None  # what the report is of
        self._checked: Checked | None = None
        self._locked = False
        self.cleaning: CleaningView | None = None
        self.setup = TeachingSetup(home, store)
        self.setup.folder_chosen.connect(self.look_into)
        self.setup.start_requested.connect(self.start)
        self.setup.check_requested.connect(self.check)
        self.setup.cancel_requested.connect(self.cancel)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.setup)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(self.pages)
        self.setFocusProxy(self.setup)

    @property
    def busy(self) -> bool:
        """Whether it looks into a folder or learns."""
        return self._task.busy

    @property
    def learning(self) -> bool:
        return self.busy and self._lesson is not None and self.pages.currentWidget() is self._lesson

    def look_into(self, folder: Path) -> None:
        """List what a folder holds, before anything is learned."""
        if self.learning:
            return
        self.setup.show_looking(folder)
        self._store.change(last_teaching_folder=str(folder))
        self._task.replace(partial(self._start_looking, folder))

    def _start_looking(self, folder: Path) -> None:
        def work(report: Report) -> Labelled:
            # half a second that would otherwise block the window when the curves appear
            import pyqtgraph  # noqa: F401

            return inspect(folder, report)

        task = self._task.prepare(work)
        task.progressed.connect(self.setup.progress.show_progress)
        task.succeeded.connect(self.setup.show_labelled)
        task.failed.connect(self.setup.show_error)
        task.cancelled.connect(self.setup.show_start)
        task.start()

    def start(self, request: TeachRequest) -> None:
        """Learn. The earlier model stays in force until the new one is saved."""
        if self._task.busy:
            return
        self._request = request
        lesson = self._open_lesson()
        lesson.begin(request)
        self.pages.setCurrentWidget(lesson)
        self._store.change(method=request.method)
        settings = self._store.values
        task = self._task.prepare(lambda report: teach(self._home, settings, request, report))
        task.progressed.connect(lesson.progress.show_progress)
        task.partial.connect(lesson.take)
        task.succeeded.connect(self._show_taught)
        task.failed.connect(self._show_failure)
        task.cancelled.connect(self._show_cancelled)
        task.start()

    def check(self, request: TeachRequest) -> None:
        """Look for photos that are in the wrong place, before teaching."""
        cleaning = self._open_cleaning()
        cleaning.look(request.folder, request.base, request.device)
        self.pages.setCurrentWidget(cleaning)  # now that it has a button for the keyboard to go to

    def photos_moved(self) -> None:
        """Another page put photos back: what is shown of a folder may no longer be so."""
        if self.cleaning is not None and self.pages.currentWidget() is self.cleaning:
            self.cleaning.look_again()

    def set_locked(self, locked: bool) -> None:
        """Move nothing while another page changes photos."""
        self._locked = locked
        if self.cleaning is not None:
            self.cleaning.set_locked(locked)

    def cancel(self) -> None:
        """Stop what is running; nothing of it is kept."""
        self._task.cancel()

    def _open_lesson(self) -> LessonView:
        if self._lesson is None:
            from flowersorter.ui.lesson_view import LessonView  # draws with pyqtgraph

            self._lesson = LessonView()
            self._lesson.cancel_requested.connect(self.cancel)
            self.pages.addWidget(self._lesson)
        return self._lesson

    def _open_cleaning(self) -> CleaningView:
        if self.cleaning is None:
            from flowersorter.ui.cleaning_view import CleaningView

            self.cleaning = CleaningView(self._home, self._store, self._thumbnails)
            self.cleaning.set_locked(self._locked)
            self.cleaning.closed.connect(self._teach_again)
            self.cleaning.teach_requested.connect(self._teach_again)
            self.cleaning.filed.connect(self._look_after_moving)
            self.cleaning.filing_changed.connect(self.filing_changed)
            self.pages.addWidget(self.cleaning)
        return self.cleaning

    def _look_after_moving(self) -> None:
        """The set-up lists another folder now; what the report offers is done."""
        if self._report is not None:
            self._report.suspects_button.hide()
        folder = self.setup.folder()
        if folder is not None:
            self.look_into(folder)

    def _open_report(self) -> ReportView:
        if self._report is None:
            from flowersorter.ui.report_view import ReportView  # draws with pyqtgraph

            self._report = ReportView(self._thumbnails)
            self._report.sort_requested.connect(self.sort_requested)
            self._report.photo_opened.connect(self.photo_opened)
            self._report.teach_again.connect(self._teach_again)
            self._report.use_requested.connect(self.use_model)
            self._report.suspects_requested.connect(self._show_suspects)
            self.pages.addWidget(self._report)
        return self._report

    def _show_taught(self, taught: Taught) -> None:
        if taught.in_force:
            self._store.change(model=taught.info.name)
        self._taught, self._checked = taught, None
        report = self._open_report()
        self.pages.setCurrentWidget(report)
        report.show_taught(taught)
        self.taught.emit(taught)
        self._look_at_answers(taught)

    def _look_at_answers(self, taught: Taught) -> None:
        """What teaching answered out of fold tells which of its photos look misfiled."""
        request = self._request
        if request is None:
            return
        task = TaskRunner(
            lambda report: look_at_answers(self._home, request.folder, taught.answers, report), self
        )
        task.succeeded.connect(partial(self._offer_suspects, taught))
        task.start()  # where it fails, the report stands without the offer

    def _offer_suspects(self, taught: Taught, checked: Checked) -> None:
        if taught is self._taught:  # else the report is of another folder by now
            self._checked = checked
            self._open_report().show_suspects(checked)

    def _show_suspects(self) -> None:
        if self._checked is not None and self._request is not None:
            cleaning = self._open_cleaning()
            self.pages.setCurrentWidget(cleaning)
            cleaning.show_found(self._checked, self._request.base, self._request.device)

    def use_model(self, info: ModelInfo) -> None:
        """Put that version of a model in force, and name photos with it."""
        task = TaskRunner(lambda _report: use_version(self._home, info.name, info.version), self)
        task.succeeded.connect(lambda _info: self._show_in_use(info))
        task.failed.connect(
            lambda error: self._open_report().message.show_message(messages.say_error(error), "error")
        )
        task.start()

    def _show_in_use(self, info: ModelInfo) -> None:
        self._store.change(model=info.name)
        self._open_report().show_in_use(info)
        self.taught.emit(info)

    def _show_failure(self, error: Exception) -> None:
        self._teach_again()
        self.setup.show_error(error)

    def _show_cancelled(self) -> None:
        self._teach_again()
        self.setup.message.show_message(
            self.tr("You stopped the teaching. Nothing was changed, and the earlier model is still in use.")
            if self._store.values.model
            else self.tr("You stopped the teaching. Nothing was changed.")
        )

    def _teach_again(self) -> None:
        self.pages.setCurrentWidget(self.setup)
