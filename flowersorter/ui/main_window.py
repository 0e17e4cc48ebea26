"""The window: the rail on the left, pages on the right, and the wires between them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSettings, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QIcon, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from flowersorter.jobs.warm_up import warm_up
from flowersorter.paths import Home
from flowersorter.progress import Report
from flowersorter.records import Recovered
from flowersorter.resources import resource
from flowersorter.ui import messages
from flowersorter.ui.actions import Key, make_action
from flowersorter.ui.drops import DropHint, accept_copy, dropped_folder
from flowersorter.ui.help_view import HelpView
from flowersorter.ui.questions import ask
from flowersorter.ui.rail import Rail
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.sort_page import SortPage
from flowersorter.ui.sort_session import Busy, SortSession
from flowersorter.ui.tasks import TaskRunner, end_tasks
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Thumbnailer
from flowersorter.ui.widgets import MessageBar

if TYPE_CHECKING:
    from flowersorter.learning.bundle import ModelInfo
    from flowersorter.learning.evaluate import Answer
    from flowersorter.ui.history_view import HistoryView
    from flowersorter.ui.models_view import ModelsView
    from flowersorter.ui.teaching_view import TeachingView

SMALLEST: Final = QSize(960, 640)
USUAL: Final = QSize(1200, 780)
FRAME: Final = QSize(16, 48)  # what the system draws around a window, about
_SAID_AT_ONCE: Final = 3  # photos that recovery left; more are listed
_LATER_PAGES: Final = (
    "plan_view",
    "receipt_view",
    "history_view",
    "teaching_view",
    "cleaning_view",
    "models_view",
    "settings_dialog",
)


def smallest_on(screen: QSize) -> QSize:
    """How small the window may become: lower than is good on a screen that is too low for that."""
    return QSize(SMALLEST.width(), min(SMALLEST.height(), screen.height() - FRAME.height()))


class MainWindow(QMainWindow):
    """Layout and wiring only. Pages other than Sort are built when they are first shown."""

    shown = Signal()  # once, when the first screen is up
    ready = Signal()  # once, when sorting can start at once
    closing = Signal()  # nothing holds it up any more but what still ends

    def __init__(self, home: Home, store: SettingsStore, thumbnailer: Thumbnailer) -> None:
        super().__init__()
        self._home = home
        self._store = store
        self._was_shown = False
        self._closing = False
        self.setWindowTitle("FlowerSorter")
        self.setWindowIcon(QIcon(str(resource("icons", "flowersorter.svg"))))
        self.setMinimumSize(smallest_on(self.screen().availableSize()))
        self.setAcceptDrops(True)
        self.session = SortSession(home, store, self)
        self.message = MessageBar()
        self.message.setObjectName("on_top")
        self.sort_page = SortPage(home, store, self.session, thumbnailer)
        self.history: HistoryView | None = None
        self.teaching: TeachingView | None = None
        self.models: ModelsView | None = None
        self.help: HelpView | None = None
        self.pages = QStackedWidget()
        self.pages.addWidget(self.sort_page)
        self.rail = Rail()
        self._lay_out()
        self.sort_page.welcome.show_hero()  # now that its button can take the keyboard
        self._drop = DropHint(self.tr("Drop the folder to sort its photos"), self)
        self._make_actions()
        self.sort_page.teach_requested.connect(self.show_teaching)
        self.sort_page.models_requested.connect(self.show_models)
        self.sort_page.undo_requested.connect(self._undo)
        self.sort_page.model_changed.connect(self._models_changed)
        self.session.busy_changed.connect(lambda _busy: self._lock())
        store.failed.connect(self._show_error)
        self._restore_geometry()

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        above = QVBoxLayout()
        above.setContentsMargins(2 * GRID, 0, 2 * GRID, 0)
        above.addWidget(self.message)
        right.addLayout(above)
        right.addWidget(self.pages, 1)
        whole = QWidget()
        box = QHBoxLayout(whole)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.rail)
        box.addLayout(right, 1)
        self.setCentralWidget(whole)

    def _make_actions(self) -> None:
        for key, show in (
            (Key.SORT_PAGE, self.show_sort),
            (Key.TEACH_PAGE, self.show_teaching),
            (Key.HISTORY_PAGE, self.show_history),
            (Key.MODELS_PAGE, self.show_models),
        ):
            self.rail.add_page(make_action(key, self, show))
        self.rail.add_space()
        self.rail.add_page(make_action(Key.SETTINGS, self, self.show_settings), checkable=False)
        self.rail.add_page(make_action(Key.HELP, self, self.show_help))
        make_action(Key.OPEN_FOLDER, self, self._choose_folder)
        make_action(Key.QUIT, self, self.close)
        self.rail.mark(Key.SORT_PAGE)

    # pages

    def open_folder(self, folder: Path) -> None:
        """Show the Sort page with `folder`."""
        self.show_sort()
        self.sort_page.open_folder(folder)

    def show_sort(self) -> None:
        self._show(Key.SORT_PAGE, self.sort_page)

    def show_teaching(self) -> None:
        if self.teaching is None:
            from flowersorter.ui.teaching_view import TeachingView

            self.teaching = TeachingView(self._home, self._store, self.sort_page.thumbnails)
            self.teaching.taught.connect(lambda _taught: self._models_changed())
            self.teaching.sort_requested.connect(self.show_sort)
            self.teaching.photo_opened.connect(self._show_answer)
            self.teaching.filing_changed.connect(lambda _filing: self._lock())
            self._lock()
            self.pages.addWidget(self.teaching)
        self._show(Key.TEACH_PAGE, self.teaching)

    def show_history(self) -> None:
        self._history().refresh()
        self._show(Key.HISTORY_PAGE, self._history())

    def show_models(self) -> None:
        if self.models is None:
            from flowersorter.ui.models_view import ModelsView

            self.models = ModelsView(self._home, self._store)
            self.models.models_changed.connect(self._models_changed)
            self.pages.addWidget(self.models)
        self._show(Key.MODELS_PAGE, self.models)

    def show_help(self) -> None:
        if self.help is None:
            self.help = HelpView()
            self.pages.addWidget(self.help)
        self._show(Key.HELP, self.help)

    def show_settings(self) -> None:
        from flowersorter.ui.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self._store, self._home, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _show_answer(self, answer: Answer, model: ModelInfo) -> None:
        from flowersorter.ui.answer_view import AnswerView

        page = self.sort_page
        dialog = AnswerView(page.thumbnails, page.previews, page.explanations, self)
        dialog.resize(self.size() * 0.8)
        dialog.show_answer(answer, model)
        dialog.open()

    def _history(self) -> HistoryView:
        if self.history is None:
            from flowersorter.ui.history_view import HistoryView

            self.history = HistoryView(self._home)
            self.history.undone.connect(self._photos_are_back)
            self.history.busy_changed.connect(lambda _busy: self._lock())
            self._lock()
            self.pages.addWidget(self.history)
        return self.history

    def _show(self, key: Key, page: QWidget) -> None:
        self.rail.mark(key)
        self.pages.setCurrentWidget(page)
        page.setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose_folder(self) -> None:
        self.show_sort()
        self.sort_page.choose_folder()

    def _models_changed(self) -> None:
        self.sort_page.welcome.models.refresh()

    # one change of photos at a time

    def _undo(self, batch: int) -> None:
        self.show_history()
        self._history().undo_batch(batch)

    def _lock(self) -> None:
        """While one page changes photos, the others wait."""
        filing, cleaning, undoing = self._changing()
        self.sort_page.setEnabled(not (cleaning or undoing))
        if self.history is not None:
            self.history.set_locked(filing or cleaning)
        if self.teaching is not None:
            self.teaching.set_locked(filing or undoing)
        if self._closing and not any(self._changing()):
            self.close()

    def _changing(self) -> tuple[bool, bool, bool]:
        """Whether the Sort page, the cleaning, or the history is changing photos."""
        cleaning = None if self.teaching is None else self.teaching.cleaning
        return (
            self.session.busy is Busy.FILING,
            cleaning is not None and cleaning.filing,
            self.history is not None and self.history.busy,
        )

    def _photos_are_back(self) -> None:
        self.sort_page.look_again()
        if self.teaching is not None:
            self.teaching.photos_moved()

    # start and end

    def start(self) -> None:
        """What is done once the first screen is up: tidy up, list the models, load what sorting needs."""
        self._run(self._recover, self._show_recovered)
        self.sort_page.welcome.models.refresh()
        loading = TaskRunner(_load_sorting, self)
        loading.partial.connect(lambda _loaded: self.ready.emit())
        loading.failed.connect(self._show_error)
        loading.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self.shown.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if any(self._changing()):
            event.ignore()
            if not self._closing:
                self._ask_to_stop()
            return
        if not self._closing and self.teaching is not None and self.teaching.learning:
            event.ignore()
            self._ask_to_stop_learning()
            return
        self.closing.emit()
        self._keep_geometry()
        self.sort_page.close_threads()  # first: a picture that is slow to decode is given up
        self.session.close()
        end_tasks(self)
        try:
            self._store.close()
        except OSError as error:
            self._show_error(error)
        super().closeEvent(event)

    def stop_and_close(self) -> None:
        """Close without a question; a photo that is being filed is finished first."""
        self._closing = True
        filing, cleaning, undoing = self._changing()
        if filing:
            self.session.cancel()
        elif cleaning and self.teaching is not None and self.teaching.cleaning is not None:
            self.teaching.cleaning.cancel()
        elif undoing and self.history is not None:
            self.history.cancel()
        else:
            self.close()

    def _ask_to_stop(self) -> None:
        undoing = self._changing()[2]
        ask(
            self,
            self.tr("Photos are being moved. Stop and close?")
            if undoing
            else self.tr("Photos are being filed. Stop and close?"),
            self.tr("The photo in hand is finished first. The others stay where they are."),
            self.tr("Stop and close"),
            self.stop_and_close,
        )

    def _ask_to_stop_learning(self) -> None:
        self.show_teaching()
        ask(
            self,
            self.tr("A model is being taught. Stop and close?"),
            self.tr("Nothing of it is kept, and the models that you have stay as they are."),
            self.tr("Stop and close"),
            self.stop_and_close,
        )

    def _recover(self) -> Recovered:
        from flowersorter.jobs.history import recover

        return recover(self._home)

    def _show_recovered(self, recovered: Recovered) -> None:
        if not (recovered.in_place or recovered.put_back or recovered.unresolved):
            return
        words = self.tr("The last run was interrupted: {done} in place, {back} put back.").format(
            done=messages.photos(recovered.in_place), back=messages.number(recovered.put_back)
        )
        if not recovered.unresolved:
            self.message.show_message(words)
        elif len(recovered.unresolved) <= _SAID_AT_ONCE:
            for left in recovered.unresolved:
                words += "\n" + messages.place(left.path) + ": " + messages.say(left.reason)
            self.message.show_message(words, "warning")
        else:
            count = len(recovered.unresolved)
            words += " " + messages.plural(
                count,
                self.tr("%Ln was left as it is.", "", count),
                self.tr("%Ln were left as they are.", "", count),
            )
            self.message.show_message(
                words, "warning", self.tr("List them"), lambda: self._list_left(recovered)
            )

    def _list_left(self, recovered: Recovered) -> None:
        self.show_history()
        self._history().show_left(recovered.unresolved)

    def _run(self, work: Callable[[], object], done: Callable[..., object]) -> None:
        task = TaskRunner(lambda _report: work(), self)
        task.succeeded.connect(done)
        task.failed.connect(self._show_error)
        task.start()

    def _show_error(self, error: Exception) -> None:
        self.message.show_message(messages.say_error(error), "error")

    def _restore_geometry(self) -> None:
        kept = QSettings(str(self._home.window_file), QSettings.Format.IniFormat).value("geometry")
        if kept is None or not self.restoreGeometry(kept):
            self.resize(USUAL.boundedTo(self.screen().availableSize() - FRAME))

    def _keep_geometry(self) -> None:
        QSettings(str(self._home.window_file), QSettings.Format.IniFormat).setValue(
            "geometry", self.saveGeometry()
        )

    # a folder dropped anywhere

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_folder(event) is not None:
            accept_copy(event)
            self._drop.setGeometry(self.pages.geometry().adjusted(GRID, GRID, -GRID, -GRID))
            self._drop.show()
            self._drop.raise_()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.hide()
        folder = dropped_folder(event)
        if folder is not None:
            accept_copy(event)
            self.open_folder(folder)


def _load_sorting(report: Report) -> None:
    """Load what looking into a folder needs, say so, then the other pages and what naming flowers needs."""
    report(import_module("flowersorter.jobs.sort"))
    for name in _LATER_PAGES:
        import_module(f"flowersorter.ui.{name}")
    warm_up()
