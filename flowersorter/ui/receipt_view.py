"""The receipt: what became of every photo, in numbers that add up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from flowersorter.jobs.correct import Corrected
from flowersorter.records import Receipt, Status, Stay, Transfer
from flowersorter.ui import messages
from flowersorter.ui.group_tree import GroupTree, by_reason, stay_line
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import Card, MessageBar, button, heading, primary_button, set_role, text

_OPEN_UP_TO = 12  # photos; larger groups start folded


class ReceiptView(QWidget):
    """Says what was done, lists what was not, and offers to take it back."""

    undo_requested = Signal(int)
    learn_requested = Signal()
    sort_another = Signal()
    open_folder_requested = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._batch: int | None = None
        self._into = Path()
        self._title = heading("")
        self._place = text("", "muted")
        self.message = MessageBar()
        self.figures = [Figure() for _ in range(5)]
        row = QHBoxLayout()
        row.setSpacing(2 * GRID)
        for figure in self.figures:
            row.addWidget(figure, 1)
        self.rest = GroupTree((self.tr("Not filed, and why"), self.tr("Photos"), ""), stay_line)
        self.rest.setAccessibleName(self.tr("Photos that were not filed, by reason"))
        self._all_filed = text(self.tr("Every photo was filed."), "muted")
        self._all_filed.setAlignment(Qt.AlignmentFlag.AlignTop)

        body = QVBoxLayout()
        body.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, 2 * GRID)
        body.setSpacing(GRID)
        body.addWidget(self._title)
        body.addWidget(self._place)
        body.addWidget(self.message)
        body.addSpacing(GRID)
        body.addLayout(row)
        body.addSpacing(GRID)
        body.addWidget(self.rest, 1)
        body.addWidget(self._all_filed, 1)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(body, 1)
        page.addWidget(self._make_bar())

    def _make_bar(self) -> QFrame:
        self.undo_button = button(self.tr("Undo"), self._undo, "undo")
        self.undo_button.setToolTip(self.tr("Put every photo back where it was."))
        self.open_button = button(
            self.tr("Open the folder"), lambda: self.open_folder_requested.emit(self._into), "folder"
        )
        self.learn_button = button("", self._learn, "teach")
        self.learn_button.setToolTip(self.tr("Names the next photos better. The model before is kept."))
        self.another_button = primary_button(self.tr("Sort another folder"), self.sort_another.emit)
        bar = QFrame()
        set_role(bar, "bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        row.setSpacing(2 * GRID)
        row.addWidget(self.undo_button)
        row.addWidget(self.open_button)
        row.addWidget(self.learn_button)
        row.addStretch(1)
        row.addWidget(self.another_button)
        return bar

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Hand the keyboard on."""
        self.another_button.setFocus(event.reason())

    def show_receipt(self, receipt: Receipt, transfer: Transfer, into: Path, corrections: int = 0) -> None:
        """Show what became of every photo; `into` is the folder that holds the species folders.

        `corrections` are photos that the gardener named otherwise than the model, which it can learn.
        """
        self._batch, self._into = receipt.batch, into
        self._title.setText(self._say(receipt, transfer))
        self._place.setText(self.tr("In {place}").format(place=messages.place(into)))
        self._show_figures(receipt, transfer)
        self._show_message(receipt)
        # what went wrong comes before what was left on purpose
        rest = [
            Stay(outcome.photo, outcome.reason)
            for status in (Status.FAILED, Status.SKIPPED, Status.KEPT)
            for outcome in receipt.outcomes
            if outcome.status is status and outcome.reason is not None
        ]
        self.rest.show_groups(by_reason(rest), open_up_to=_OPEN_UP_TO)
        self.rest.setVisible(bool(rest))
        self._all_filed.setVisible(not rest and bool(receipt.outcomes))
        self.undo_button.setVisible(receipt.batch is not None)
        self._offer_to_learn(corrections)

    def _offer_to_learn(self, corrections: int) -> None:
        self._learning = False
        self.learn_button.setVisible(corrections > 0)
        self.learn_button.setEnabled(True)
        self.learn_button.setText(
            messages.plural(
                corrections,
                self.tr("Learn from your correction", "", corrections),
                self.tr("Learn from your %Ln corrections", "", corrections),
            )
        )

    def _learn(self) -> None:
        self._learning = True
        self.learn_button.setEnabled(False)
        self.learn_requested.emit()

    def show_learned(self, corrected: Corrected) -> None:
        """Say that the corrections are learned, and whether the model is used from now on."""
        if self._learning:  # else these corrections are of an earlier receipt
            self.learn_button.hide()
        learned = messages.plural(
            corrected.corrections,
            self.tr("“{model}” has learned from %Ln photo.", "", corrected.corrections),
            self.tr("“{model}” has learned from %Ln photos.", "", corrected.corrections),
        ).format(model=corrected.info.name)
        lost = len(corrected.unseen)
        if lost:
            learned += " " + messages.plural(
                lost,
                self.tr("%Ln other is no longer known here: sort its folder again first.", "", lost),
                self.tr(
                    "%Ln others are no longer known here: sort their folders again first.",
                    "",
                    lost,
                ),
            )
        if corrected.in_force:
            self.message.show_message(learned, "warning" if lost else "info")
            return
        worse = self.tr("It would be clearly worse on the others, so the model before stays in use.")
        self.message.show_message(f"{learned} {worse}", "warning")

    def show_not_learned(self, error: Exception) -> None:
        """Say why the corrections could not be learned; trying again may do."""
        self.learn_button.setEnabled(True)
        self.message.show_message(messages.say_error(error), "error")

    def headline(self) -> str:
        """The sentence on top."""
        return self._title.text()

    def _say(self, receipt: Receipt, transfer: Transfer) -> str:
        filed = receipt.count(Status.MOVED) + receipt.count(Status.COPIED)
        if receipt.cancelled:
            return messages.plural(
                filed,
                self.tr("You stopped. %Ln photo was filed before that.", "", filed),
                self.tr("You stopped. %Ln photos were filed before that.", "", filed),
            )
        if transfer is Transfer.COPY:
            return messages.plural(
                filed,
                self.tr("Done. %Ln photo was copied into its folder.", "", filed),
                self.tr("Done. %Ln photos were copied into their folders.", "", filed),
            )
        return messages.plural(
            filed,
            self.tr("Done. %Ln photo is in its folder.", "", filed),
            self.tr("Done. %Ln photos are in their folders.", "", filed),
        )

    def _show_figures(self, receipt: Receipt, transfer: Transfer) -> None:
        copying = transfer is Transfer.COPY
        done = receipt.count(Status.COPIED if copying else Status.MOVED)
        failed = receipt.count(Status.FAILED)
        filed, kept, skipped, failures, found = self.figures
        filed.show_figure(done, self.tr("copied") if copying else self.tr("moved"), "accent")
        kept.show_figure(receipt.count(Status.KEPT), self.tr("stayed where they were"))
        skipped.show_figure(receipt.count(Status.SKIPPED), self.tr("were left out"))
        failures.show_figure(failed, self.tr("could not be filed"), "danger" if failed else "")
        found.show_figure(len(receipt.outcomes), self.tr("photos in all"), "muted")

    def _show_message(self, receipt: Receipt) -> None:
        words = list(messages.unwritten(receipt))
        losses = Counter(loss for outcome in receipt.outcomes for loss in outcome.losses)
        if losses:
            names = {
                "permissions": self.tr("access rights"),
                "times": self.tr("dates"),
                "xattrs": self.tr("tags of the file system"),
            }
            words.append(
                self.tr(
                    "The other disk cannot keep the {what} of {photos}. The pictures are complete."
                ).format(
                    what=", ".join(names.get(loss, loss) for loss in sorted(losses)),
                    photos=messages.photos(max(losses.values())),
                )
            )
        if words:
            self.message.show_message("\n".join(words), "warning")
        else:
            self.message.hide()

    def _undo(self) -> None:
        if self._batch is not None:
            self.undo_requested.emit(self._batch)


class Figure(Card):
    """One number and what it counts."""

    def __init__(self) -> None:
        super().__init__()
        self.box.setSpacing(0)
        self.number = heading("", 1)
        self._words = QLabel()
        self._words.setWordWrap(True)
        set_role(self._words, "muted")
        self.box.addWidget(self.number)
        self.box.addWidget(self._words)

    def show_figure(self, count: int, words: str, role: str = "") -> None:
        self.number.setText(messages.number(count))
        set_role(self.number, role)
        self._words.setText(words)
