"""The report on what was learned: how often right, what is mixed up, and every tested photo."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from flowersorter.jobs.clean import Checked
from flowersorter.jobs.teach import Taught
from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.evaluate import Answer, Validation, without_unmet
from flowersorter.learning.suspects import Kind
from flowersorter.ui import messages
from flowersorter.ui.answer_grid import AnswerGrid
from flowersorter.ui.choice import add_choice
from flowersorter.ui.comparison_view import ComparisonView
from flowersorter.ui.confusion_view import ConfusionView, mix_ups
from flowersorter.ui.curves_view import CurvesView
from flowersorter.ui.group_tree import GroupTree, by_reason, stay_line
from flowersorter.ui.report_saving import choose_and_save
from flowersorter.ui.species_table import SpeciesTable
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.widgets import MessageBar, button, heading, primary_button, set_role, text

_WORST = 30  # mix-ups in the list

_BASES: Final[dict[str, Any]] = {
    "builtin": QT_TRANSLATE_NOOP("ReportView", "the network that comes with FlowerSorter"),
    "imagenet": QT_TRANSLATE_NOOP("ReportView", "the network that knows ImageNet"),
    "file": QT_TRANSLATE_NOOP("ReportView", "the network of your weights file"),
}


class ReportView(QWidget):
    """Shows one `Taught`."""

    sort_requested = Signal()
    teach_again = Signal()
    photo_opened = Signal(object, object)  # Answer, ModelInfo: one tested photo is to be seen large
    use_requested = Signal(object)  # ModelInfo
    suspects_requested = Signal()

    def __init__(self, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._taught: Taught | None = None
        self._mix_ups: list[tuple[int, int, int]] = []
        self.message = MessageBar()
        self.headline = heading("")
        self.uncertainty = text("")
        self.facts = text("", "muted")
        self.species = SpeciesTable()
        self.confusion = ConfusionView()
        self.confusion.cell_chosen.connect(self._show_cell)
        self.worst = QComboBox()
        self.worst.setPlaceholderText(self.tr("The most frequent mix-ups"))
        self.worst.currentIndexChanged.connect(self._choose_worst)
        self.cell_words = heading("", 3)
        self.cell_words.setWordWrap(True)
        self.cell_photos = AnswerGrid(thumbnails)
        self.wrong_only = QCheckBox(self.tr("Show only the photos that it named wrongly"))
        self.wrong_only.toggled.connect(self._show_photos)
        self.photos = AnswerGrid(thumbnails)
        for grid in (self.cell_photos, self.photos):
            grid.opened.connect(self._open_photo)
        self.curves = CurvesView()
        self.comparison = ComparisonView(thumbnails)
        self.comparison.use_requested.connect(self.use_requested)
        self.skipped = GroupTree((self.tr("Not used, and why"), self.tr("Photos"), ""), stay_line)

        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(_page(self.species), self.tr("Summary"))
        self.tabs.addTab(self._make_mix_ups(), self.tr("Mix-ups"))
        self.tabs.addTab(_page(self.wrong_only, self.photos), self.tr("Photos"))
        self.tabs.addTab(_page(self.curves), self.tr("Curves"))
        self._skipped_tab = self.tabs.addTab(_page(self.skipped), self.tr("Not used"))
        self._comparison_tab = self.tabs.addTab(self.comparison, self.tr("Compared with the model before"))

        body = QVBoxLayout()
        body.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, GRID)
        body.setSpacing(GRID)
        body.addWidget(self.headline)
        body.addWidget(self.uncertainty)
        body.addWidget(self.facts)
        body.addWidget(self.message)
        body.addSpacing(GRID)
        body.addWidget(self.tabs, 1)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(body, 1)
        page.addWidget(self._make_bar())

    def _make_mix_ups(self) -> QWidget:
        photos = QWidget()
        right = QVBoxLayout(photos)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(GRID)
        add_choice(right, self.worst, self.tr("The most frequent mix-ups"))
        right.addWidget(self.cell_words)
        right.addWidget(self.cell_photos, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.confusion)
        splitter.addWidget(photos)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(2 * GRID)
        splitter.setSizes([1000, 1000])
        explanation = text(
            self.tr(
                "Each line is a species, and each column what its photos were taken for. "
                "Choose a cell to see its photos."
            ),
            "muted",
        )
        return _page(explanation, splitter)

    def _make_bar(self) -> QFrame:
        bar = QFrame()
        set_role(bar, "bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        row.addWidget(button(self.tr("Teach something else"), self.teach_again.emit))
        row.addStretch(1)
        self.suspects_button = button("", self.suspects_requested.emit, "zoom")
        row.addWidget(self.suspects_button)
        row.addWidget(button(self.tr("Save the report…"), self._save, "export"))
        row.addSpacing(GRID)
        self.sort_button = primary_button(self.tr("Sort photos with it"), self.sort_requested.emit)
        row.addWidget(self.sort_button)
        return bar

    def show_taught(self, taught: Taught) -> None:
        """Show everything of one teaching."""
        self._taught = taught
        self.message.hide()
        self.suspects_button.hide()
        validation = without_unmet(taught.validation, taught.own)
        self.headline.setText(self._headline(validation))
        self.uncertainty.setText(self._uncertainty(validation, taught.untested))
        self.facts.setText(self._facts(taught))
        self.species.show_figures(validation.per_species)
        self.confusion.show_validation(validation)
        self._show_worst(validation)
        self.curves.show_epochs(taught.epochs)
        self.wrong_only.setChecked(False)
        self._show_photos()
        self.skipped.show_groups(by_reason(taught.skipped))
        self.tabs.setTabVisible(self._skipped_tab, bool(taught.skipped))
        self.tabs.setTabVisible(self._comparison_tab, taught.comparison is not None)
        self.tabs.setCurrentIndex(0)
        self._show_comparison(taught)
        if self.isVisibleTo(self.window()):
            self.sort_button.setFocus()

    def _show_comparison(self, taught: Taught) -> None:
        self.message.hide()
        if taught.comparison is None:
            return
        self.comparison.show_comparison(taught, taught.comparison)
        if not taught.comparison.taken:
            self.message.show_message(
                self.comparison.verdict.text(),
                "warning",
                self.tr("See both"),
                lambda: self.tabs.setCurrentIndex(self._comparison_tab),
            )

    def show_in_use(self, info: ModelInfo) -> None:
        """The gardener chose the new or the earlier model."""
        self.message.hide()
        self.comparison.show_in_use(info)

    def show_suspects(self, checked: Checked) -> None:
        """Offer a look at what seems wrong among the photos it was taught on."""
        count = sum(finding.kind is Kind.MISFILED for finding in checked.findings)
        misfiled = messages.plural(
            count,
            self.tr("%Ln photo looks misfiled: look at it", "", count),
            self.tr("%Ln photos look misfiled: look at them", "", count),
        )
        self.suspects_button.setText(
            misfiled if count else self.tr("Some photos are there twice: look at them")
        )
        self.suspects_button.setVisible(bool(checked.findings))

    def _headline(self, validation: Validation) -> str:
        if validation.accuracy is None:
            return self.tr("It has learned your flowers.")
        return self.tr("It names {right} of 100 photos correctly.").format(right=_of_100(validation.accuracy))

    def _uncertainty(self, validation: Validation, untested: int) -> str:
        if validation.accuracy is None or validation.interval is None:
            return self.tr(
                "There were too few photos to hold some back for a test. "
                "Nobody knows yet how often it is right."
            )
        low, high = validation.interval
        words = self.tr(
            "It was tested on {photos} that it had not learned from. On other photos like these, "
            "expect it to be right for {low} to {high} of 100."
        ).format(photos=messages.photos(validation.photos), low=_of_100(low), high=_of_100(high))
        if untested:
            words += " " + messages.plural(
                untested,
                self.tr("%Ln more could not be tested: there is no other of its species.", "", untested),
                self.tr("%Ln more could not be tested: there are no others of their species.", "", untested),
            )
        return words

    def _facts(self, taught: Taught) -> str:
        facts = self.tr("“{name}” knows {species} and builds on {base}. It took {time} on {device}.").format(
            name=taught.info.name,
            species=messages.species(len(taught.info.species)),
            base=messages.translate("ReportView", _BASES[taught.info.base_id]),
            time=messages.duration(taught.seconds),
            device=messages.device_words(taught.device),
        )
        if taught.strangers_caught is None:
            return facts
        strangers = self.tr(
            "Of photos of a species that it was not taught, it noticed {caught} of 100; "
            "it makes no promise about such strangers."
        )
        return f"{facts} {strangers.format(caught=_of_100(taught.strangers_caught))}"

    def _show_worst(self, validation: Validation) -> None:
        self._mix_ups = mix_ups(validation)[:_WORST]
        words = self.tr("{label} taken for {guess}: {photos}")
        species = validation.species
        self.worst.clear()
        self.worst.addItems(
            [
                words.format(label=species[row], guess=species[column], photos=messages.photos(count))
                for count, row, column in self._mix_ups
            ]
        )
        self.worst.setVisible(bool(self._mix_ups))
        self.worst.setCurrentIndex(0 if self._mix_ups else -1)
        if not self._mix_ups:
            self.confusion.choose(0, 0)

    def _choose_worst(self, place: int) -> None:
        if 0 <= place < len(self._mix_ups):
            _, row, column = self._mix_ups[place]
            self.confusion.choose(row, column)

    def _show_cell(self, label: str, guess: str) -> None:
        if self._taught is None:
            return
        species = without_unmet(self._taught.validation, self._taught.own).species
        places = [(species[row], species[column]) for _, row, column in self._mix_ups]
        self.worst.setCurrentIndex(places.index((label, guess)) if (label, guess) in places else -1)
        chosen = [each for each in self._taught.answers if each.species == label and each.guess == guess]
        if label == guess:
            words = self.tr("{photos} of {label} named correctly")
        else:
            words = self.tr("{photos} of {label} taken for {guess}")
        self.cell_words.setText(words.format(photos=messages.photos(len(chosen)), label=label, guess=guess))
        self.cell_photos.show_answers(sorted(chosen, key=lambda each: -each.confidence))

    def _save(self) -> None:
        if self._taught is not None:
            choose_and_save(self, self.message, self._taught)

    def _open_photo(self, answer: Answer) -> None:
        if self._taught is not None:
            self.photo_opened.emit(answer, self._taught.info)

    def _show_photos(self) -> None:
        if self._taught is None:
            return
        answers = [
            each for each in self._taught.answers if not (each.correct and self.wrong_only.isChecked())
        ]
        # wrong ones first, the surest of them at the top; then the right ones, the least sure first
        answers.sort(key=lambda each: (each.correct, each.confidence if each.correct else -each.confidence))
        self.photos.show_answers(answers)


def _page(*widgets: QWidget) -> QWidget:
    page = QWidget()
    box = QVBoxLayout(page)
    box.setContentsMargins(0, GRID, 0, 0)
    box.setSpacing(GRID)
    for widget in widgets:
        box.addWidget(widget, 0 if widget is not widgets[-1] else 1)
    return page


def _of_100(share: float) -> int:
    """Rounded, but 100 only for what was always right."""
    return min(99, round(100 * share)) if share < 1 else 100
