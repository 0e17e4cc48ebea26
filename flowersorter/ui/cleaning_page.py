"""The findings of a labelled folder: kinds above, photos in the middle, and what can be done below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, QSignalBlocker, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from flowersorter.learning.suspects import Kind
from flowersorter.ui import messages
from flowersorter.ui.cleaning import Cleaning, Tile
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.species_box import SpeciesBox
from flowersorter.ui.suspect_grid import SuspectGrid
from flowersorter.ui.suspect_view import SuspectView
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Thumbnails
from flowersorter.ui.widgets import button, heading, primary_button, set_role, text, without_key

_KINDS: Final[dict[Kind, tuple[Any, Any]]] = {
    Kind.TWO_SPECIES: (
        QT_TRANSLATE_NOOP("CleaningPage", "In two species"),
        QT_TRANSLATE_NOOP(
            "CleaningPage",
            "Each of these photos lies in more than one species folder, so one of its labels is wrong. "
            "The likelier one is first.",
        ),
    ),
    Kind.MISFILED: (
        QT_TRANSLATE_NOOP("CleaningPage", "Misfiled?"),
        QT_TRANSLATE_NOOP(
            "CleaningPage",
            "These look more like another species than like the one that their folder says. Many will be "
            "right all the same: you decide. The most striking ones are first.",
        ),
    ),
    Kind.TWIN: (
        QT_TRANSLATE_NOOP("CleaningPage", "Twice"),
        QT_TRANSLATE_NOOP(
            "CleaningPage",
            "The same photo more than once. Setting all but the first aside loses nothing.",
        ),
    ),
    Kind.NEAR_TWIN: (
        QT_TRANSLATE_NOOP("CleaningPage", "Nearly twice"),
        QT_TRANSLATE_NOOP(
            "CleaningPage",
            "Nearly the same photo more than once: cropped, recoloured or made smaller. "
            "The largest is first.",
        ),
    ),
}


class CleaningPage(QWidget):
    """Shows one `Cleaning` and changes it; whoever holds the page plans and remembers."""

    plan_requested = Signal(object)  # tuple of Change
    settled = Signal(object)  # findings that are right as they are
    doubted = Signal(object)  # findings that are not right after all
    closed = Signal()

    def __init__(self, store: SettingsStore, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cleaning: Cleaning | None = None
        self._kinds: list[Kind] = []
        self._title = heading("")
        self.tabs = QTabBar()
        self.tabs.setDocumentMode(True)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(self.tr("What is wrong"))
        self.tabs.currentChanged.connect(self._show_kind)
        self._explanation = text("", "muted")
        self.grid = SuspectGrid(thumbnails)
        self.large = SuspectView(thumbnails)
        self.middle = QStackedWidget()
        self.middle.addWidget(self.grid)
        self.middle.addWidget(self.large)
        self.box = SpeciesBox(self, store)
        body = QVBoxLayout()
        body.setContentsMargins(3 * GRID, 3 * GRID, 3 * GRID, GRID)
        body.setSpacing(GRID)
        body.addWidget(self._title)
        body.addWidget(self.tabs)
        body.addWidget(self._explanation)
        body.addWidget(self.middle, 1)
        body.addLayout(self._make_choices())
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(body, 1)
        page.addWidget(self._make_bar())
        self._connect()

    def _make_choices(self) -> QHBoxLayout:
        self.suggestion_button = button(self.tr("Take the suggestion"), self.take_suggestion, "check")
        self.suggestion_button.setToolTip(self.tr("Enter"))
        self.other_button = button(self.tr("Another species…"), self.ask_species, "pencil")
        self.other_button.setToolTip(self.tr("F2, or type its first letters"))
        self.aside_button = button(self.tr("Set aside"), self.set_aside, "leave")
        self.aside_button.setToolTip(self.tr("Delete: out of the teaching, into a folder beside it"))
        self.right_button = button(self.tr("It is right"), self.keep)
        self.right_button.setToolTip(self.tr("0: it is not shown again"))
        self.forget_button = button(self.tr("Forget"), self.forget, "undo")
        self.forget_button.setToolTip(self.tr("Take back what you chose for these photos"))
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for made in (
            self.suggestion_button,
            self.other_button,
            self.aside_button,
            self.right_button,
            self.forget_button,
        ):
            row.addWidget(made)
        row.addStretch(1)
        return row

    def _make_bar(self) -> QFrame:
        bar = QFrame()
        set_role(bar, "bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        row.setSpacing(2 * GRID)
        row.addWidget(button(self.tr("Back to teaching"), self.closed.emit))
        self.summary = text("", "muted")
        row.addWidget(self.summary, 1)
        self.plan_button = primary_button(self.tr("See what will move…"), self._ask_for_plan)
        row.addWidget(self.plan_button)
        return bar

    def _connect(self) -> None:
        self.grid.selectionModel().selectionChanged.connect(lambda *_ranges: self._update())
        self.grid.suggestion_pressed.connect(self.take_suggestion)
        self.grid.aside_pressed.connect(self.set_aside)
        self.grid.right_pressed.connect(self.keep)
        self.grid.letters_typed.connect(self.ask_species)
        self.grid.large_view_pressed.connect(self.show_large)
        self.grid.doubleClicked.connect(lambda _index: self.show_large())
        self.large.closed.connect(self.show_grid)
        self.large.step_pressed.connect(self._step)
        self.large.key_pressed.connect(self.grid.keyPressEvent)
        self.box.accepted.connect(self.move_to)
        self.box.closed.connect(self._focus_photos)

    def focusInEvent(self, _event: QFocusEvent) -> None:
        """Hand the keyboard on."""
        self._focus_photos()

    def show_cleaning(self, cleaning: Cleaning) -> None:
        """Show new findings, the most serious kind first."""
        self.box.hide()  # it asks about photos of the findings before
        self._cleaning = cleaning
        kinds = cleaning.kinds()
        self._kinds = list(kinds)
        self._title.setText(
            self.tr("Have a look at {folder}").format(folder=messages.place(cleaning.checked.folder))
        )
        with QSignalBlocker(self.tabs):
            while self.tabs.count():
                self.tabs.removeTab(0)
            for kind, count in kinds.items():
                name = messages.translate("CleaningPage", _KINDS[kind][0])
                self.tabs.addTab(f"{name} ({messages.number(count)})")
        self.show_grid()
        self._show_kind(0)

    def show_large(self) -> None:
        """Look closely at the current photo."""
        if self.grid.current() is not None:
            self.middle.setCurrentWidget(self.large)
            self._update()
            self.large.setFocus()

    def show_grid(self) -> None:
        self.middle.setCurrentWidget(self.grid)
        self.grid.setFocus()

    # what is chosen for the selected photos

    def take_suggestion(self) -> None:
        self._choose(lambda cleaning, tiles: cleaning.suggest(tiles))

    def set_aside(self) -> None:
        self._choose(lambda cleaning, tiles: cleaning.set_aside(tiles))

    def move_to(self, species: str) -> None:
        self._choose(lambda cleaning, tiles: cleaning.move(tiles, species))

    def forget(self) -> None:
        self._choose(lambda cleaning, tiles: cleaning.forget(tiles))

    def keep(self) -> None:
        """The findings of the selected photos are right as they are."""
        if self._cleaning is not None:
            self.settled.emit(self._cleaning.keep(self.grid.selected()))
            self._update()

    def ask_species(self, typed: str = "") -> None:
        if self._cleaning is not None and (tiles := self.grid.selected()):
            self.box.ask(self._cleaning, len(tiles), typed)

    def _choose(self, choose: Callable[[Cleaning, list[Tile]], None]) -> None:
        if self._cleaning is None:
            return
        tiles = self.grid.selected()
        again = self._cleaning.doubt(tiles)
        if again:
            self.doubted.emit(again)
        choose(self._cleaning, tiles)
        self._update()

    def _focus_photos(self) -> None:
        (self.large if self.middle.currentWidget() is self.large else self.grid).setFocus()

    def _step(self, by: int) -> None:
        self.grid.step(by)

    def _show_kind(self, place: int) -> None:
        if self._cleaning is None or not 0 <= place < len(self._kinds):
            return
        kind = self._kinds[place]
        self._explanation.setText(messages.translate("CleaningPage", _KINDS[kind][1]))
        self.grid.show_kind(self._cleaning, kind)
        self._update()

    def _update(self) -> None:
        """After another selection or choice."""
        cleaning = self._cleaning
        if cleaning is None:
            return
        tiles = self.grid.selected()
        self.grid.viewport().update()
        suggested = any(tile.has_suggestion for tile in tiles)
        self.suggestion_button.setText(without_key(self._suggestion_words(tiles)))
        self.suggestion_button.setEnabled(suggested)
        for made in (self.other_button, self.aside_button, self.right_button):
            made.setEnabled(bool(tiles))
        chosen = any(tile.photo.path in cleaning.changes or tile.finding in cleaning.right for tile in tiles)
        self.forget_button.setEnabled(chosen)
        tile = self.grid.current()
        if tile is not None and self.middle.currentWidget() is self.large:
            self.large.show_tile(tile, self.grid.said_of(tile)[0])
        self.summary.setText(self._summary_words(cleaning))
        self.plan_button.setEnabled(bool(cleaning.changes))

    def _suggestion_words(self, tiles: list[Tile]) -> str:
        suggested = [tile.finding for tile in tiles if tile.has_suggestion]
        kinds = {finding.kind for finding in suggested}
        species = {finding.suggestion for finding in suggested}
        if kinds == {Kind.MISFILED} and len(species) == 1:
            return self.tr("Move to {species}").format(species=species.pop())
        if kinds == {Kind.TWO_SPECIES} and len(species) == 1:
            return self.tr("Keep it in {species} only").format(species=species.pop())
        if kinds & {Kind.TWIN, Kind.NEAR_TWIN}:
            return self.tr("Keep only the first")
        return self.tr("Take the suggestion")

    def _summary_words(self, cleaning: Cleaning) -> str:
        if not cleaning.changes:
            return self.tr("Choose what to do with each photo. Nothing moves before you have seen the plan.")
        aside = sum(change.species is None for change in cleaning.changes.values())
        return self.tr("To another species: {moves}. To be set aside: {aside}.").format(
            moves=messages.photos(len(cleaning.changes) - aside), aside=messages.photos(aside)
        )

    def _ask_for_plan(self) -> None:
        if self._cleaning is not None:
            self.plan_requested.emit(tuple(self._cleaning.changes.values()))
