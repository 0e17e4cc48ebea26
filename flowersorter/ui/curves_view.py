"""The live curves of teaching: how often right, and how far off, round by round.

pyqtgraph takes half a second to load, so this module is imported when teaching begins, not at the start.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from flowersorter.learning.evaluate import Epoch

# two colours that stay apart for colour-blind eyes (Okabe and Ito 2008), on light and on dark
LEARNT_COLOUR = QColor(230, 159, 0)
TESTED_COLOUR = QColor(0, 158, 115)

_REDRAW_MS = 50  # the quick method reports hundreds of rounds a second


class CurvesView(QWidget):
    """Two plots side by side that grow with every round."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._epochs: list[Epoch] = []
        self.right = Curves(
            self.tr("Right answers (%)"),
            self.tr("Of 100 photos, how many it names correctly."),
            legend_offset=(-8, -8),
        )
        # the line at 100 is drawn whole, and rounds that are all alike do not look like a jump
        self.right.getViewBox().setLimits(yMin=-1, yMax=101, minYRange=10)
        self.off = Curves(
            self.tr("How far off"),
            self.tr("The loss (cross-entropy): the lower, the surer it is of the right species."),
            legend_offset=(-8, 8),
        )
        self.off.getViewBox().setLimits(yMin=0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(16)
        layout.addWidget(self.right, 1)
        layout.addWidget(self.off, 1)

        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(_REDRAW_MS)
        self._redraw.timeout.connect(self._draw)

    def show_epochs(self, epochs: Sequence[Epoch]) -> None:
        """Draw these rounds only."""
        self._epochs = list(epochs)
        self._draw()

    def epochs(self) -> Sequence[Epoch]:
        """The rounds so far."""
        return self._epochs

    def add_epoch(self, epoch: Epoch) -> None:
        """Draw one round more, together with those that follow at once."""
        self._epochs.append(epoch)
        if not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        epochs = self._epochs
        self.right.draw(
            [100 * each.train_accuracy for each in epochs],
            [100 * each.val_accuracy for each in epochs if each.val_accuracy is not None],
        )
        self.off.draw(
            [each.train_loss for each in epochs],
            [each.val_loss for each in epochs if each.val_loss is not None],
        )


class Curves(pyqtgraph.PlotWidget):
    """One plot with a line for the photos that it learns from and one for those it is tested on."""

    def __init__(self, title: str, explanation: str, legend_offset: tuple[int, int]) -> None:
        super().__init__()
        self._title = title
        self.setAccessibleName(title)
        self.setToolTip(explanation)
        self.setMinimumSize(240, 200)
        self.setMenuEnabled(False)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.showGrid(x=False, y=True, alpha=0.25)
        self.getAxis("bottom").setLabel(self.tr("Round"))
        self.addLegend(offset=legend_offset)
        self.learnt = self.plot(
            [], [], name=self.tr("Photos it learns from"), pen=_pen(LEARNT_COLOUR, dashed=True)
        )
        self.tested = self.plot([], [], name=self.tr("Photos it is tested on"), pen=_pen(TESTED_COLOUR))
        self._take_palette()

    def draw(self, learnt: Sequence[float], tested: Sequence[float]) -> None:
        """Replace both lines; one value per round, the first being round 1. `tested` may be empty."""
        rounds = range(1, len(learnt) + 1)
        # whole rounds only, about ten labels
        step = max(1, round(len(learnt) / 10))
        self.getAxis("bottom").setTicks([[(each, str(each)) for each in rounds[step - 1 :: step]]])
        self.learnt.setData(list(rounds), list(learnt))
        self.tested.setData(list(rounds)[: len(tested)], list(tested))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "tested"):
            self._take_palette()

    def _take_palette(self) -> None:
        palette = self.palette()
        text = palette.color(QPalette.ColorRole.WindowText)
        self.setBackground(palette.color(QPalette.ColorRole.Base))
        self.setTitle(self._title, color=text.name())
        for side in ("bottom", "left"):
            self.getAxis(side).setTextPen(text)
            self.getAxis(side).setPen(text)
        legend = self.getPlotItem().legend
        legend.setLabelTextColor(text)
        for _, label in legend.items:
            label.setText(label.text)  # a label keeps its old colour until its text is set again


def _pen(colour: QColor, *, dashed: bool = False) -> QPen:
    pen = QPen(colour, 2.5)
    pen.setCosmetic(True)
    if dashed:
        pen.setStyle(Qt.PenStyle.DashLine)
    return pen
