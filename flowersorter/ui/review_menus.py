"""The context menus of the review page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from flowersorter.ui import messages
from flowersorter.ui.actions import GRID_KEYS, Key
from flowersorter.ui.review import Review
from flowersorter.ui.widgets import without_key


def grid_menu(
    parent: QWidget, actions: Mapping[Key, QAction], review: Review, relabel: Callable[[str], object]
) -> QMenu:
    """Everything that can be said of the selected photos."""
    menu = _menu(parent)
    _mirror(menu, Key.CONFIRM, actions)
    under = menu.addMenu(messages.translate("menus", "File under"))
    for name in review.species():
        key = review.keys.get(name)
        # a tab puts the number key where menus show shortcuts; the grid, not the menu, listens to it
        _add(under, f"{name}\t{key}" if key else name, partial(relabel, name))
    for keys in (
        (Key.RELABEL, Key.LEAVE, Key.FORGET),
        (Key.LARGE_VIEW, Key.SELECT_ALL),
        (Key.UNDO, Key.REDO),
    ):
        for one in keys:
            _mirror(menu, one, actions)
        menu.addSeparator()
    return menu


def species_menu(
    parent: QWidget,
    species: str,
    *,
    suggested: int,
    accept: Callable[[], object],
    relabel: Callable[[], object] | None,
) -> QMenu:
    """What can be done with a whole species; `relabel` None where no photo is selected."""
    translate = messages.translate
    one = translate("menus", "Accept all suggestions of “{species}” (%Ln photo)", None, suggested)
    many = translate("menus", "Accept all suggestions of “{species}” (%Ln photos)", None, suggested)
    menu = _menu(parent)
    accepting = _add(menu, messages.plural(suggested, one, many).format(species=species), accept)
    accepting.setEnabled(suggested > 0)
    words = translate("menus", "File the selected photos under “{species}”").format(species=species)
    relabelling = _add(menu, words, relabel or (lambda: None))
    relabelling.setEnabled(relabel is not None)
    return menu


def _menu(parent: QWidget) -> QMenu:
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu


def _mirror(menu: QMenu, key: Key, actions: Mapping[Key, QAction]) -> None:
    """The action, with the key that the grid listens to where it has no shortcut of its own."""
    action = actions[key]
    if key not in GRID_KEYS or not action.shortcut().isEmpty():
        menu.addAction(action)
        return
    keys = QKeySequence(GRID_KEYS[key]).toString(QKeySequence.SequenceFormat.NativeText)
    _add(menu, f"{action.text()}\t{keys}", action.trigger).setIcon(action.icon())


def _add(menu: QMenu, words: str, do: Callable[[], object]) -> QAction:
    action = QAction(without_key(words), menu)
    action.triggered.connect(lambda _checked: do())
    menu.addAction(action)
    return action
