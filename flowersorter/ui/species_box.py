"""The box in which a species is typed. It lists what Enter would choose; what is new is a new species."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from flowersorter.records import Refused
from flowersorter.sorting.naming import folder_name
from flowersorter.species_names import language_of, letters
from flowersorter.ui import messages, theme
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.species_search import Hit, own_hits, table_hits
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import heading, set_role

_ROWS: Final = 7
_NAME: Final = Qt.ItemDataRole.UserRole
_MOVES: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class SpeciesNames(Protocol):
    """The species that can be chosen; a `Review` is one."""

    def species(self) -> Sequence[str]: ...

    def known_spelling(self, name: str) -> str: ...


class SpeciesBox(QFrame):
    """Floats over the bottom of its parent; `accepted` carries the species."""

    accepted = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget, store: SettingsStore) -> None:
        super().__init__(parent)
        self._over = parent
        parent.installEventFilter(self)
        self._store = store
        self._species: SpeciesNames | None = None
        self._title = heading("", 3)
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Name of the species"))
        self.field.setAccessibleName(self.tr("Name of the species"))
        self.field.installEventFilter(self)
        self.names = QListWidget()
        self.names.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.names.setAccessibleName(self.tr("Species"))
        self._note = QLabel(textFormat=Qt.TextFormat.PlainText)
        box = QVBoxLayout(self)
        box.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, GRID)
        box.addWidget(self._title)
        box.addWidget(self.field)
        box.addWidget(self.names)
        box.addWidget(self._note)
        set_role(self, "card")
        self.setFixedWidth(46 * GRID)
        self.field.textChanged.connect(self._list)
        self.field.returnPressed.connect(self._accept)
        self.names.itemClicked.connect(lambda _item: self._accept())
        self.hide()

    def ask(self, species: SpeciesNames, photos: int, typed: str = "") -> None:
        """Open for so many photos, with the first letters already typed."""
        self._species = species
        one = self.tr("Which species is it on %Ln photo?", "", photos)
        many = self.tr("Which species is it on %Ln photos?", "", photos)
        self._title.setText(messages.plural(photos, one, many))
        self.field.setText(typed)
        self._list(typed)
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.setCursorPosition(len(typed))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The field has the focus; the keys that move in a list go to the list."""
        if watched is self._over:
            if event.type() is QEvent.Type.Resize:
                self._place()
            return super().eventFilter(watched, event)
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in _MOVES:
                self.names.keyPressEvent(event)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._close()
                return True
        left = isinstance(event, QFocusEvent) and event.lostFocus() and watched is self.field
        own_menu = isinstance(event, QFocusEvent) and event.reason() is Qt.FocusReason.PopupFocusReason
        if left and not own_menu and self.isActiveWindow():
            self.hide()  # somebody clicked elsewhere; the focus is where it was put
        return super().eventFilter(watched, event)

    def _list(self, typed: str) -> None:
        """Species of the review, the new one, species that we know; Enter takes the first."""
        if self._species is None:
            return
        name = " ".join(typed.split())
        known = self._species.species()
        own = own_hits(name, known)
        others = table_hits(name, known, language_of(self._store.values.flower_names))
        spelling = self._species.known_spelling(name)
        problem = _problem(name)
        # written out, it is no new species
        listed = next((hit.species for hit in others if letters(hit.species) == letters(name)), None)
        self.names.clear()
        for hit in own:
            self._add(self._hit_words(hit), hit.species, "flower")
        if name and not problem and spelling not in known and listed is None:
            self._add(self.tr("New species: {species}").format(species=name), name, "add")
        for hit in others:
            self._add(self._hit_words(hit), hit.species, "new-species")
        exact = listed or spelling
        self.names.setCurrentRow(_start_row([hit.species for hit in (*own, *others)], exact) if name else -1)
        self.names.setVisible(self.names.count() > 0)
        rows = min(self.names.count(), _ROWS)
        self.names.setFixedHeight(rows * (self.names.sizeHintForRow(0) if rows else 0) + 4)
        set_role(self._note, "danger" if problem else "muted")
        self._note.setText(problem or self.tr("↑ ↓ choose, Enter takes it, Esc closes."))
        self.adjustSize()
        self._place()

    def _place(self) -> None:
        """Over the middle of the bottom; where there is little room, with its top still in sight."""
        area = self._over.rect()
        left, top = (area.width() - self.width()) // 2, area.height() - self.height() - 8 * GRID
        self.move(max(0, left), max(0, top))

    def _hit_words(self, hit: Hit) -> str:
        if hit.matched is None:
            return hit.species
        return self.tr("{species} ({name})").format(species=hit.species, name=hit.matched)

    def _add(self, words: str, name: str, icon: str) -> None:
        item = QListWidgetItem(theme.icon(icon), words)
        item.setData(_NAME, name)
        self.names.addItem(item)

    def _accept(self) -> None:
        item = self.names.currentItem()
        if item is not None:
            self._close()
            self.accepted.emit(item.data(_NAME))

    def _close(self) -> None:
        self.hide()
        self.closed.emit()


def _start_row(names: list[str], exact: str) -> int:
    """The row to start on: the species that was written out in full, else the first."""
    return names.index(exact) if exact in names else 0


def _problem(name: str) -> str:
    """Why a name cannot be a species; empty where it can."""
    if not name:
        return ""
    try:
        folder_name(name)
    except Refused as refusal:
        return messages.say(refusal.reason)
    return ""
