"""The review page: the photos by species, and everything that can be said of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from flowersorter.records import Decision
from flowersorter.ui.actions import Key, make_action
from flowersorter.ui.explanations import Explanations
from flowersorter.ui.large_view import LargeView
from flowersorter.ui.photo_delegate import PhotoDelegate
from flowersorter.ui.photo_grid import PhotoGrid
from flowersorter.ui.photo_model import PhotoModel
from flowersorter.ui.promise_control import PromiseControl
from flowersorter.ui.review import Kind, Order, PanelRow, Review, Standing
from flowersorter.ui.review_bars import BottomBar, TopBar
from flowersorter.ui.review_menus import grid_menu, species_menu
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.sort_session import Busy, SortSession
from flowersorter.ui.species_box import SpeciesBox
from flowersorter.ui.species_panel import SpeciesPanel, section_words
from flowersorter.ui.theme import GRID
from flowersorter.ui.thumbnails import Previews, Thumbnails
from flowersorter.ui.widgets import MessageBar, ProgressPanel

_FILL_MS = 200  # between two fillings of the grid: laying it out costs more than inserting
_FILL = 5000  # photos at a time: more would be a pause that is felt


class ReviewView(QWidget):
    """Fills while the photos are classified; every decision is a command of the session's undo stack."""

    plan_requested = Signal()
    teach_requested = Signal()

    def __init__(
        self,
        session: SortSession,
        store: SettingsStore,
        thumbnails: Thumbnails,
        previews: Previews,
        explanations: Explanations,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._store = store
        self._targets: list[int] | None = None  # rows that the species box is open for
        self.message = MessageBar()
        self.progress = ProgressPanel(self.tr("Stop"))
        self.model = PhotoModel(session.review, self)
        self._delegate = PhotoDelegate(session.review, thumbnails, store.values.thumbnail_side, self)
        self.grid = PhotoGrid(self.model, self._delegate)
        self.panel = SpeciesPanel(session.review)
        self.large = LargeView(thumbnails, previews, explanations)
        self.top = TopBar(store.values.thumbnail_side)
        self.promise = PromiseControl(session, store, self.message, self.teach_requested.emit)
        self.bottom = BottomBar(self.promise)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.grid)
        self.stack.addWidget(self.large)
        self._lay_out()
        self.box = SpeciesBox(self, store)
        self._waiting: list[int] = []  # new rows, not yet in the grid
        self._filling = QTimer(self)
        self._filling.setSingleShot(True)
        self._filling.setInterval(_FILL_MS)
        self._filling.timeout.connect(self._fill)
        self._make_actions()
        self._wire(thumbnails)

    def _lay_out(self) -> None:
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.panel)
        splitter.addWidget(self.stack)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([230, 800])
        splitter.setChildrenCollapsible(False)
        self.panel.setMinimumWidth(20 * GRID)
        above = QVBoxLayout()
        above.setContentsMargins(2 * GRID, GRID, 2 * GRID, GRID)
        above.setSpacing(GRID)
        above.addWidget(self.message)
        above.addWidget(self.progress)
        above.addWidget(self.top)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(above)
        page.addWidget(splitter, 1)
        page.addWidget(self.bottom)

    def focusInEvent(self, _event: QFocusEvent) -> None:
        """Hand the keyboard on."""
        self._focus()

    def _make_actions(self) -> None:
        self._actions = {
            Key.CONFIRM: make_action(Key.CONFIRM, self, self.confirm),
            Key.RELABEL: make_action(Key.RELABEL, self, self.ask_species),
            Key.LEAVE: make_action(Key.LEAVE, self, self.leave),
            Key.FORGET: make_action(Key.FORGET, self, self.forget),
            Key.LARGE_VIEW: make_action(Key.LARGE_VIEW, self, self.show_large),
            Key.UNDO: make_action(Key.UNDO, self, self.undo),
            Key.REDO: make_action(Key.REDO, self, self.redo),
            Key.SELECT_ALL: make_action(Key.SELECT_ALL, self, self.grid.selectAll),
        }
        stack = self._session.undo_stack
        for key, signal in ((Key.UNDO, stack.canUndoChanged), (Key.REDO, stack.canRedoChanged)):
            self._actions[key].setEnabled(False)
            signal.connect(self._actions[key].setEnabled)
        shown = (Key.CONFIRM, Key.RELABEL, Key.LEAVE, Key.LARGE_VIEW, Key.UNDO, Key.REDO)
        self.top.show_actions([self._actions[key] for key in shown])

    def _wire(self, thumbnails: Thumbnails) -> None:
        session = self._session
        session.review_began.connect(self._begin)
        session.started.connect(lambda started: self.large.set_model(started.model))
        session.promise_failed.connect(lambda _error: self._show_counts())
        self.promise.number.valueChanged.connect(lambda _number: self._show_counts())
        session.photos_added.connect(self._add)
        session.decided.connect(self._refresh)
        session.progressed.connect(self._show_progress)
        session.classified.connect(self._fill)
        session.stopped.connect(self._fill)
        session.busy_changed.connect(self._show_busy)
        self.progress.cancel_requested.connect(session.cancel)
        thumbnails.ready.connect(self.grid.repaint_tiles)
        self.panel.group_chosen.connect(self._show_group)
        self.panel.clicked.connect(lambda _index: self.grid.setFocus())
        self.panel.activated.connect(lambda _index: self.grid.setFocus())
        self.panel.photos_dropped.connect(self._drop)
        self.panel.customContextMenuRequested.connect(self._panel_menu)
        self.grid.customContextMenuRequested.connect(self._grid_menu)
        self.grid.confirm_pressed.connect(self.confirm)
        self.grid.leave_pressed.connect(self.leave)
        self.grid.number_pressed.connect(self._relabel_by_number)
        self.grid.letters_typed.connect(self.ask_species)
        self.grid.large_view_pressed.connect(self.show_large)
        self.grid.doubleClicked.connect(lambda _index: self.show_large())
        self.grid.verticalScrollBar().valueChanged.connect(lambda _value: self._show_title())
        self.grid.selectionModel().currentChanged.connect(self._current_changed)
        self.grid.selectionModel().selectionChanged.connect(lambda _new, _old: self._show_title())
        self.large.confirm_pressed.connect(self.confirm)
        self.large.leave_pressed.connect(self.leave)
        self.large.species_chosen.connect(self.relabel)
        self.large.letters_typed.connect(self.ask_species)
        self.large.step_pressed.connect(self._step)
        self.large.closed.connect(self.show_grid)
        self.box.accepted.connect(self._name_given)
        self.box.closed.connect(self._focus)
        self.top.order_chosen.connect(self._set_order)
        self.top.unconfirmed_only.connect(self.model.set_unconfirmed_only)
        self.top.side_chosen.connect(self._set_side)
        self.bottom.plan_pressed.connect(self.plan_requested)

    # verbs on the selected photos

    def confirm(self) -> None:
        """Agree with what the selected photos show."""
        rows = self.targets()
        self._act(rows, lambda: self._session.confirm(rows, self.tr("Confirm")))

    def relabel(self, species: str) -> None:
        """File the selected photos under `species`."""
        rows = self.targets()
        words = self.tr("File under “{species}”").format(species=species)
        self._act(rows, lambda: self._session.decide(rows, Decision(species), words))

    def leave(self) -> None:
        """Leave the selected photos where they are."""
        rows = self.targets()
        self._act(rows, lambda: self._session.decide(rows, Decision(None), self.tr("Leave where it is")))

    def forget(self) -> None:
        """Take back what was said of the selected photos."""
        rows = self.targets()
        self._act(rows, lambda: self._session.decide(rows, None, self.tr("Forget what was said")))

    def accept_suggestions(self, species: str) -> None:
        """Confirm every unsure photo whose best guess is `species`."""
        rows = self._session.review.suggested(species)
        words = self.tr("Accept all suggestions of “{species}”").format(species=species)
        self._act(rows, lambda: self._session.confirm(rows, words))

    def ask_species(self, typed: str = "") -> None:
        """Open the box for a name."""
        rows = self.targets()
        if rows:
            self._targets = rows
            self.box.ask(self._session.review, len(rows), typed)

    def undo(self) -> None:
        self._session.undo_stack.undo()

    def redo(self) -> None:
        self._session.undo_stack.redo()

    def targets(self) -> list[int]:
        """The rows of the review that a verb acts on: those selected, or the one shown large."""
        if self.stack.currentWidget() is self.large:
            current = self.grid.currentIndex()
            return [self.model.row_at(current)] if current.isValid() else []
        return self.grid.selected_rows()

    def _act(self, rows: Sequence[int], do: Callable[[], None]) -> None:
        """Do it, then go on to the photo that comes next. With nothing selected, select the first."""
        if not rows:
            self.grid.select_only(0)
            return
        following = self.model.following(rows)
        position = self.grid.currentIndex().row()
        do()
        index = QModelIndex() if following is None else self.model.index_of(following)
        self.grid.select_only(index.row() if index.isValid() else position)
        self._focus()

    def _name_given(self, species: str) -> None:
        rows, self._targets = self._targets or [], None
        words = self.tr("File under “{species}”").format(species=species)
        self._act(rows, lambda: self._session.decide(rows, Decision(species), words))

    def _relabel_by_number(self, number: int) -> None:
        species = self._session.review.species_with_key(number)
        if species is not None:
            self.relabel(species)

    def _drop(self, group: PanelRow) -> None:
        if group.kind is Kind.LEFT:
            self.leave()
        else:
            self.relabel(group.species)

    # large view

    def show_large(self) -> None:
        """Show the current photo large."""
        if not self.grid.currentIndex().isValid():
            self.grid.select_only(0)
        if self.grid.currentIndex().isValid():
            self.stack.setCurrentWidget(self.large)
            self._actions[Key.SELECT_ALL].setEnabled(False)  # nobody sees what it selects
            self.top.hide()
            self.panel.hide()
            self._show_current_large()
            self.large.setFocus()

    def show_grid(self) -> None:
        self.stack.setCurrentWidget(self.grid)
        self._actions[Key.SELECT_ALL].setEnabled(True)
        self.top.show()
        self.panel.show()
        self.grid.setFocus()

    def _step(self, by: int) -> None:
        self.grid.select_only(self.grid.currentIndex().row() + by)

    def _show_current_large(self) -> None:
        index = self.grid.currentIndex()
        if index.isValid():
            self.large.show_photo(self._session.review, self.model.row_at(index))
        else:
            self.show_grid()

    def _current_changed(self) -> None:
        self._show_title()
        if self.stack.currentWidget() is self.large:
            self._show_current_large()

    # following the session

    def _begin(self, review: Review) -> None:
        self.message.hide()
        self.box.hide()  # it asks about photos of the folder before
        self._targets = None
        self._filling.stop()
        self._waiting.clear()
        self._delegate.review = review
        self.model.set_review(review)
        self.panel.set_review(review)
        self.large.forget()
        self.show_grid()
        self._show_counts()

    def _add(self, rows: range) -> None:
        self._waiting.extend(rows)
        if not self._filling.isActive():
            self._filling.start()

    def _fill(self) -> None:
        """Show a share of the photos that have come since the last time."""
        rows, self._waiting = self._waiting[:_FILL], self._waiting[_FILL:]
        self.model.add(rows)
        self._show_counts()
        if self._waiting:
            self._filling.start()
        elif self._session.busy is not Busy.CLASSIFYING:
            self._select_first()

    def _select_first(self) -> None:
        """Until now new photos pushed in everywhere; now the first one stays the first."""
        if not self.grid.selected_rows():
            self.grid.select_only(0)

    def _refresh(self, rows: Sequence[int]) -> None:
        current = self.grid.currentIndex()
        row = self.model.row_at(current) if current.isValid() else None
        self.model.refresh(rows)
        if row is not None and not self.grid.selected_rows() and self.model.index_of(row).isValid():
            self.grid.select_only(self.model.index_of(row).row())  # it moved; the eye stays with it
        self._show_counts()
        if self.stack.currentWidget() is self.large:
            self._show_current_large()

    def _show_progress(self, progress: object) -> None:
        if self._session.busy is Busy.CLASSIFYING:
            self.progress.show_progress(progress)  # type: ignore[arg-type]  # signals carry object

    def _show_busy(self, busy: Busy) -> None:
        if busy is Busy.CLASSIFYING:
            self.progress.start()
        else:
            self.progress.stop()
        self._show_counts()

    def _show_counts(self) -> None:
        self.panel.refresh()
        review, session = self._session.review, self._session
        idle = session.busy in (Busy.NOTHING, Busy.PLANNING)
        waiting = 0
        if session.found_now is not None and session.busy is not Busy.CLASSIFYING:
            found = session.found_now.scan
            waiting = len(found.photos) + len(found.skipped) - len(review.photos)
        self.bottom.show_counts(
            to_file=review.count_standing(Standing.TO_FILE),
            unsure=review.count_standing(Standing.UNSURE),
            unreadable=review.count_standing(Standing.UNREADABLE),
            not_reached=waiting,
            can_plan=idle and bool(review.photos),
        )
        self._show_title()

    def _show_title(self) -> None:
        """What the grid shows at its top, so that sections have a heading that stays."""
        index = self.grid.indexAt(QPoint(2 * GRID, 2 * GRID))
        words = section_words(self.model.group, self.model.place_at(index) if index.isValid() else None)
        self.top.show_title(words, self.grid.selected_count())

    # view options

    def _show_group(self, group: PanelRow) -> None:
        self.model.show_group(group)
        self.grid.scrollToTop()
        if self.model.rowCount():
            self.grid.select_only(0)
        self._show_title()

    def _set_order(self, order: Order) -> None:
        self.model.set_order(order)
        self.grid.select_only(0)

    def _set_side(self, side: int) -> None:
        self.grid.set_side(side)
        self._store.change(thumbnail_side=side)

    def _focus(self) -> None:
        (self.large if self.stack.currentWidget() is self.large else self.grid).setFocus()

    # menus

    def _grid_menu(self, at: QPoint) -> None:
        if self.targets():
            menu = grid_menu(self, self._actions, self._session.review, self.relabel)
            menu.popup(self.grid.viewport().mapToGlobal(at))

    def _panel_menu(self, at: QPoint) -> None:
        index = self.panel.indexAt(at)
        if not index.isValid() or self.panel.group_at(index).kind is not Kind.SPECIES:
            return
        species = self.panel.group_at(index).species
        menu = species_menu(
            self,
            species,
            suggested=len(self._session.review.suggested(species)),
            accept=lambda: self.accept_suggestions(species),
            relabel=(lambda: self.relabel(species)) if self.targets() else None,
        )
        menu.popup(self.panel.viewport().mapToGlobal(at))
