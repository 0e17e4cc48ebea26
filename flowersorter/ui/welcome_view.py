"""The first page: choose a folder, see what is in it, choose how to sort it, start."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from flowersorter.paths import Home
from flowersorter.progress import Progress, Stage
from flowersorter.ui import messages, theme
from flowersorter.ui.questions import choose_folder, pictures
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.sort_session import Busy, SortSession
from flowersorter.ui.theme import GRID
from flowersorter.ui.welcome_options import ModelChooser, SortOptions
from flowersorter.ui.widgets import (
    Card,
    MessageBar,
    button,
    column_text,
    heading,
    primary_button,
    quiet_button,
    scrolling,
    set_role,
    text,
    without_key,
)

if TYPE_CHECKING:
    from flowersorter.jobs.sort import Found

_WIDTH = 84 * GRID
_RECENT = 5  # folders


class WelcomeView(QWidget):
    """`folder_chosen` by dialog or from the recent ones; `start_requested` once it was looked into."""

    folder_chosen = Signal(object)  # Path
    start_requested = Signal(object)  # SortRequest
    teach_requested = Signal()
    models_requested = Signal()

    def __init__(
        self, home: Home, session: SortSession, store: SettingsStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._store = store
        self._folder: Path | None = None
        self.message = MessageBar()
        self.models = ModelChooser(home, store)
        self.options = SortOptions(store)
        self._pages = QStackedWidget()
        self._hero = self._make_hero()
        self._chosen = self._make_chosen()
        self._pages.addWidget(self._hero)
        self._pages.addWidget(self._chosen)
        box = QVBoxLayout(self)
        box.setContentsMargins(2 * GRID, GRID, 2 * GRID, 0)
        box.addWidget(self.message)
        box.addWidget(self._pages, 1)
        session.found.connect(self._show_found)
        session.failed.connect(self._show_failure)
        session.progressed.connect(self._show_progress)
        self.options.changed.connect(self._look_anew)
        self.models.changed.connect(self._update_start)
        self.models.failed.connect(self._show_failure)
        self.models.teach_pressed.connect(self.teach_requested)
        self.models.models_pressed.connect(self.models_requested)
        self._shown_recent: tuple[str, ...] = ()
        store.changed.connect(self._show_recent)
        self._show_recent()

    @property
    def folder(self) -> Path | None:
        return self._folder

    def open_folder(self, folder: Path) -> None:
        """Show what is in `folder`."""
        self.message.hide()
        self._folder = folder
        self._name.setText(messages.place(folder))
        self._pages.setCurrentWidget(self._chosen)
        focused = self.window().focusWidget()
        if focused is self._another:
            focused.clearFocus()  # `_update_start` gives it to the start button when the folder is known
        self._store.set_values(self._store.values.with_recent(folder))
        self._look()

    def show_hero(self) -> None:
        """Back to choosing a folder."""
        self._folder = None
        self._pages.setCurrentWidget(self._hero)
        self.choose_button.setFocus()

    def choose_folder(self) -> None:
        """Ask for a folder with the system's dialog."""
        recent = self._store.values.recent_folders
        start = Path(recent[0]).parent if recent else pictures()
        title = self.tr("Choose the folder with your flower photos")
        choose_folder(self, title, start, self.folder_chosen.emit)

    def _start(self) -> None:
        if self._folder is not None:
            self.start_requested.emit(self.options.request(self._folder))

    # the two pages

    def _make_hero(self) -> QWidget:
        page = QWidget()
        logo = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        ratio = self.devicePixelRatioF()
        pixmap = theme.draw_icon("flowersorter", round(112 * ratio), "#000000")
        pixmap.setDevicePixelRatio(ratio)
        logo.setPixmap(pixmap)
        title = heading(self.tr("Sort your flower photos"))
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words = column_text(
            self.tr(
                "FlowerSorter names the flowers in your photos, shows you its plan, and files each photo "
                "into a folder of its species. Nothing moves before you say so, and everything can be taken "
                "back."
            ),
            64 * GRID,
        )
        self.choose_button = primary_button(self.tr("Choose a folder…"), self.choose_folder)
        self.choose_button.setMinimumWidth(26 * GRID)
        drop = column_text(self.tr("or drop one anywhere in this window"), 64 * GRID)
        self._recent_title = heading(self.tr("Recent folders"), 3)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        recent = QFrame()
        recent.setFixedWidth(64 * GRID)
        inside = QVBoxLayout(recent)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._recent_title)
        inside.addLayout(self._recent)
        box = QVBoxLayout(page)
        box.setSpacing(GRID)
        middle = Qt.AlignmentFlag.AlignHCenter
        box.addStretch(2)
        box.addWidget(logo)
        box.addWidget(title)
        box.addWidget(words, alignment=middle)
        box.addSpacing(2 * GRID)
        box.addWidget(self.choose_button, alignment=middle)
        box.addWidget(drop, alignment=middle)
        box.addSpacing(2 * GRID)
        box.addWidget(self.models.no_model_card, alignment=middle)
        box.addWidget(recent, alignment=middle)
        box.addStretch(3)
        return scrolling(page)

    def _make_chosen(self) -> QWidget:
        page = QWidget()
        page.setFixedWidth(_WIDTH)
        self._name = heading("")
        self._count = heading("", 2)
        self._details = text("", "muted")
        self._warning = text("", "warning")
        self.start_button = primary_button(self.tr("Start sorting"), self._start)
        self.start_button.setMinimumWidth(24 * GRID)
        self._why_not = text("", "muted")
        found = Card(self.tr("What is in it"))
        found.box.addWidget(self._count)
        found.box.addWidget(self._details)
        found.box.addWidget(self._warning)
        top = QHBoxLayout()
        top.addWidget(self._name, 1)
        self._another = quiet_button(self.tr("Another folder…"), self.choose_folder, "folder")
        top.addWidget(self._another)
        last = QHBoxLayout()
        last.addWidget(button(self.tr("Back"), self.show_hero, "previous"))
        last.addWidget(self._why_not, 1)
        self._teach = button(self.tr("Teach it my flowers…"), self.teach_requested.emit, "teach")
        last.addWidget(self._teach)
        last.addWidget(self.start_button)
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 2 * GRID, 0, 2 * GRID)
        box.setSpacing(2 * GRID)
        box.addLayout(top)
        box.addWidget(found)
        box.addWidget(self.options)
        box.addWidget(self.models)
        box.addLayout(last)
        box.addStretch(1)
        return scrolling(page)

    def _show_recent(self) -> None:
        names = self._store.values.recent_folders[:_RECENT]
        self._recent_title.setVisible(bool(names))
        if names == self._shown_recent:
            return
        self._shown_recent = names
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for folder in map(Path, names):
            words = without_key(messages.place(folder))
            row = quiet_button(words, partial(self.folder_chosen.emit, folder), "folder")
            row.setStyleSheet("text-align: left;")
            self._recent.addWidget(row)

    # what is in the folder

    def _look_anew(self) -> None:
        """The choices changed, here or in the settings: a folder that is being sorted is not disturbed."""
        if not self.isHidden():  # else its photos are reviewed, planned or filed
            self._look()

    def _look(self) -> None:
        if self._folder is None or self._session.busy is Busy.FILING:
            return
        self._count.setText(self.tr("Counting the photos…"))
        self._details.clear()
        self._warning.hide()
        self._session.look(self.options.request(self._folder))
        self._update_start()

    def _show_progress(self, progress: Progress) -> None:
        if self._session.busy is Busy.LOOKING and progress.stage is Stage.SCANNING and progress.done:
            self._count.setText(
                self.tr("Counting the photos… {number}").format(number=messages.number(progress.done))
            )

    def _show_found(self, found: Found) -> None:
        request = self._session.request
        if request is None or request.folder != self._folder:
            return
        photos = found.scan.photos
        to_sort = sum(request.wants(photo) for photo in photos)
        filed = sum(photo.filed_as is not None for photo in photos)
        albums = len(photos) - to_sort - filed
        self._count.setText(self.tr("{photos} to sort").format(photos=messages.photos(to_sort)))
        details = []
        if filed:
            details.append(self.tr("{number} already filed").format(number=messages.number(filed)))
        if albums:
            details.append(self.tr("{number} in your albums").format(number=messages.number(albums)))
        if found.scan.skipped:
            skipped = messages.number(len(found.scan.skipped))
            details.append(self.tr("{number} cannot be opened").format(number=skipped))
        if not photos:
            details.append(self.tr("Choose another folder, or include its subfolders below."))
        self._details.setText("  ·  ".join(details))
        self._details.setVisible(bool(details))
        self._warning.setText("\n".join(messages.say(concern.reason) for concern in found.concerns))
        self._warning.setVisible(bool(found.concerns))
        self._update_start()

    def _show_failure(self, error: Exception) -> None:
        if self.isVisible():
            if self._session.found_now is None:
                self._count.setText(self.tr("No photos"))
            self.message.show_message(messages.say_error(error), "error")
            self._update_start()

    def _update_start(self) -> None:
        found, request = self._session.found_now, self._session.request
        why = ""
        ready = False
        if found is not None and request is not None:
            ready = any(request.wants(photo) or photo.filed_as is not None for photo in found.scan.photos)
            if not ready:
                why = self.tr("There is no photo to sort.")
            elif self.models.missing():
                why = self.tr("Teach it your flowers first.")
        self._why_not.setText(why)
        self._teach.setVisible(self.models.missing())
        set_role(self.choose_button, "" if self.models.missing() else "primary")
        self.start_button.setEnabled(ready and not why)
        focused = self.window().focusWidget()
        elsewhere = focused is None or not self._chosen.isAncestorOf(focused)
        if elsewhere and self._folder is not None and self.isVisibleTo(self.window()):
            self.start_button.setFocus()
