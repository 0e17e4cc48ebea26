"""Save the report of a teaching as one HTML page, where the gardener says."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from flowersorter.jobs.teach import Taught
from flowersorter.progress import Report
from flowersorter.ui import messages
from flowersorter.ui.questions import choose_new
from flowersorter.ui.tasks import TaskRunner
from flowersorter.ui.widgets import MessageBar

translate = QCoreApplication.translate


def choose_and_save(parent: QWidget, message: MessageBar, taught: Taught) -> QFileDialog:
    """Ask where to; the dialog asks once more before it lets a file be replaced."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    name = translate("report", "What {name} has learned").format(name=taught.info.name)
    start = Path(documents or Path.home()) / f"{_plain(name)}.html"
    title = translate("report", "Save the report")
    return choose_new(parent, title, start, lambda file: save(parent, message, taught, file), "html")


def save(parent: QWidget, message: MessageBar, taught: Taught, file: Path) -> TaskRunner:
    """Write the page off the GUI thread, and say in `message` how that went."""

    def work(_report: Report) -> None:
        from flowersorter.jobs.teaching_report import write_report

        write_report(taught, file, lambda text: translate("report", text))

    def saved(_nothing: object) -> None:
        words = translate("report", "The report is saved in {place}.").format(place=messages.place(file))
        message.show_message(
            words,
            "info",
            translate("report", "Open"),
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(file))),
        )

    task = TaskRunner(work, parent)
    task.succeeded.connect(saved)
    task.failed.connect(lambda error: message.show_message(messages.say_error(error), "error"))
    task.start()
    return task


def _plain(name: str) -> str:
    """A name that every disk takes; it is only a suggestion."""
    return "".join(letter if letter.isalnum() or letter in " -_." else "_" for letter in name)
