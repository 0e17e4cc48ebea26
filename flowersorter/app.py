"""The window's starting point."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Final

from PySide6.QtCore import QLocale, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QMessageBox

from flowersorter import settings
from flowersorter.jobs.instance import hold
from flowersorter.paths import Home
from flowersorter.records import Code, Reason, Refused
from flowersorter.resources import resource
from flowersorter.ui import messages, theme
from flowersorter.ui.interrupts import Interrupts
from flowersorter.ui.main_window import MainWindow
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.single_instance import FolderReceiver, hand_over
from flowersorter.ui.thumbnails import LateThumbnailer

logger = logging.getLogger(__name__)

LOG_BYTES: Final = 1_000_000


def run_window(home: Home, folder: Path | None) -> int:
    """Show the window until it is closed; `folder` is opened in it. Returns the exit status.

    Where another window has this data directory, it gets the folder, and this start ends.
    """
    app = make_application()
    try:
        with hold(home):
            _keep_log(home)
            return _run(app, home, folder)
    except Refused as refusal:
        if refusal.reason.code is Code.ANOTHER_INSTANCE and hand_over(home, folder):
            return 0
        _say(messages.say(refusal.reason))
    except OSError as error:
        _say(messages.say_error(error))
    return 2


def _keep_log(home: Home) -> None:
    """Keep what is logged in the data folder: a program that was started by double-click has no terminal."""
    file = RotatingFileHandler(home.log_file, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
    terminal = [] if sys.stderr is None else [logging.StreamHandler()]
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=[file, *terminal], force=True
    )


def make_application() -> QApplication:
    """The Qt application in our clothes."""
    app = QApplication(sys.argv[:1])
    app.setApplicationName("FlowerSorter")
    app.setDesktopFileName("flowersorter")
    app.setWindowIcon(QIcon(str(resource("icons", "flowersorter.svg"))))
    if QLocale().language() is QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English))  # the C locale writes 1284, not 1,284
    theme.apply(app)
    return app


def open_window(home: Home) -> MainWindow:
    """The window with the user's settings, not yet shown. Raises OSError."""
    values, aside = settings.load(home.settings_file)
    store = SettingsStore(home.settings_file, values)
    _keep_appearance(store)
    window = MainWindow(home, store, LateThumbnailer(home, values))
    if aside is not None:
        damaged = Reason(Code.STORE_DAMAGED, {"path": home.settings_file, "aside": aside})
        window.message.show_message(messages.say(damaged), "warning")
    return window


def _keep_appearance(store: SettingsStore) -> None:
    """Dress the application as the settings say, now and whenever they change."""
    shown = "auto"

    def follow(values: settings.Settings) -> None:
        nonlocal shown
        app = QApplication.instance()
        if values.appearance != shown and isinstance(app, QApplication):
            shown = values.appearance
            theme.choose(app, shown)

    follow(store.values)
    store.changed.connect(follow)


def _run(app: QApplication, home: Home, folder: Path | None) -> int:
    window = open_window(home)
    sys.excepthook = _show_defects(window)
    interrupts = Interrupts(_stopper(app, window))
    receiver = _listen(home, window)
    window.shown.connect(window.start)
    if folder is not None:
        window.ready.connect(_opener(window, folder.absolute()))
    window.show()
    try:
        return app.exec()
    finally:
        receiver.close()
        interrupts.close()
        sys.excepthook = sys.__excepthook__


def _listen(home: Home, window: MainWindow) -> FolderReceiver:
    """Open the folders of later starts, until the window closes: they would go with it."""
    receiver = FolderReceiver(home)
    receiver.received.connect(lambda folder: _come_forward(window, folder))
    window.closing.connect(receiver.close)
    return receiver


def _stopper(app: QApplication, window: MainWindow) -> Callable[[], None]:
    def stop() -> None:
        window.stop_and_close()
        if not window.isVisible():
            QTimer.singleShot(0, app.quit)  # a window that closes before the loop runs does not end it

    return stop


def _show_defects(window: MainWindow) -> Callable[..., None]:
    """A defect in a slot is logged and said; the window goes on."""

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        logger.error("a defect", exc_info=(kind, error, trace))
        if isinstance(error, Exception):
            window.message.show_message(messages.say_error(error), "error")

    return show


def _opener(window: MainWindow, folder: Path) -> Callable[[], None]:
    return lambda: window.open_folder(folder)


def _come_forward(window: MainWindow, folder: Path | None) -> None:
    window.showNormal() if window.isMinimized() else window.show()
    window.raise_()
    window.activateWindow()
    if folder is not None:
        window.open_folder(folder)


def _say(words: str) -> None:
    box = QMessageBox(QMessageBox.Icon.Warning, "FlowerSorter", words)
    box.exec()
