"""Learning as it happens: how far it is, how long it will take, and the live curves."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from flowersorter.jobs.bases import BasesTried, Tried
from flowersorter.jobs.teach import TeachingStarted, TeachRequest
from flowersorter.learning.evaluate import Epoch
from flowersorter.records import Left
from flowersorter.ui import messages
from flowersorter.ui.curves_view import CurvesView
from flowersorter.ui.theme import GRID
from flowersorter.ui.weights_chooser import base_name
from flowersorter.ui.widgets import ProgressPanel, heading, text


class LessonView(QWidget):
    """Shows one teaching while it runs."""

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unreadable = 0
        self.title = heading("")
        self.facts = text("", "muted")
        self.bases = text("", "muted")
        self.bases.hide()
        self.unreadable = text("", "warning")
        self.progress = ProgressPanel(self.tr("Stop"))
        self.progress.cancel_requested.connect(self.cancel_requested)
        self.curves = CurvesView()
        waiting = text(
            self.tr("How well it learns is drawn here once it has looked at every photo."), "muted"
        )
        waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._drawing = QStackedWidget()
        self._drawing.addWidget(waiting)
        self._drawing.addWidget(self.curves)
        box = QVBoxLayout(self)
        box.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 3 * GRID)
        box.setSpacing(GRID)
        box.addWidget(self.title)
        box.addWidget(self.facts)
        box.addWidget(self.bases)
        box.addWidget(self.unreadable)
        box.addSpacing(GRID)
        box.addWidget(self.progress)
        box.addSpacing(GRID)
        box.addWidget(self._drawing, 1)

    def begin(self, request: TeachRequest) -> None:
        """A teaching begins."""
        self._unreadable = 0
        self.title.setText(self.tr("Learning “{name}”").format(name=request.name or request.folder.name))
        self.facts.setText(
            self.tr("You can go on with other pages meanwhile. Until it is done, everything stays as it is.")
        )
        self.unreadable.hide()
        self.bases.hide()
        self.curves.show_epochs(())
        self._drawing.setCurrentIndex(0)
        self.progress.start()

    def take(self, event: object) -> None:
        """A partial result of `teach`."""
        if isinstance(event, Epoch):
            self.curves.add_epoch(event)
            self._drawing.setCurrentWidget(self.curves)
        elif isinstance(event, BasesTried):
            self.bases.setText(
                self.tr("Tried on some of these photos: {tried}. It builds on the first.").format(
                    tried=", ".join(
                        _tried(one) for one in sorted(event.tried, key=lambda one: one.base != event.taken)
                    )
                )
            )
            self.bases.show()
        elif isinstance(event, TeachingStarted):
            self.facts.setText(
                self.tr("{species}, {photos}. It runs on {device}.").format(
                    species=messages.species(len(event.species)),
                    photos=messages.photos(event.photos),
                    device=messages.device_words(event.device),
                )
                + " "
                + self.facts.text()
            )
        elif isinstance(event, Left):
            self._unreadable += 1
            count = self._unreadable
            self.unreadable.setText(
                messages.plural(
                    count,
                    self.tr("%Ln photo cannot be read and is left out; the report names it.", "", count),
                    self.tr("%Ln photos cannot be read and are left out; the report names them.", "", count),
                )
            )
            self.unreadable.show()


def _tried(tried: Tried) -> str:
    base = base_name(tried.base)
    if tried.accuracy is None:
        return QCoreApplication.translate("LessonView", "{base}: no answer counts").format(base=base)
    words = QCoreApplication.translate("LessonView", "{base}: {right} of 100 right")
    return words.format(base=base, right=round(100 * tried.accuracy))
