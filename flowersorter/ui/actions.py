"""Every action of the window, in one table: words, shortcut and icon."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from PySide6.QtCore import QT_TRANSLATE_NOOP
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from flowersorter.ui import messages, theme


class Key(StrEnum):
    """Names of actions."""

    SORT_PAGE = "sort_page"
    TEACH_PAGE = "teach_page"
    HISTORY_PAGE = "history_page"
    MODELS_PAGE = "models_page"
    SETTINGS = "settings"
    HELP = "help"
    OPEN_FOLDER = "open_folder"
    QUIT = "quit"
    CONFIRM = "confirm"
    RELABEL = "relabel"
    LEAVE = "leave"
    FORGET = "forget"
    LARGE_VIEW = "large_view"
    UNDO = "undo"
    REDO = "redo"
    SELECT_ALL = "select_all"


class _Entry(NamedTuple):
    words: object  # what QT_TRANSLATE_NOOP gives back
    shortcut: str
    icon: str = ""


# Shown only, not bound: the grid and the large view listen to these themselves, and other pages must not.
GRID_KEYS: Final = {Key.CONFIRM: "Return", Key.LEAVE: "Del", Key.LARGE_VIEW: "Space"}

_TABLE: Final[dict[Key, _Entry]] = {
    Key.SORT_PAGE: _Entry(QT_TRANSLATE_NOOP("actions", "Sort"), "Ctrl+1", "sort"),
    Key.TEACH_PAGE: _Entry(QT_TRANSLATE_NOOP("actions", "Teach"), "Ctrl+2", "teach"),
    Key.HISTORY_PAGE: _Entry(QT_TRANSLATE_NOOP("actions", "History"), "Ctrl+3", "history"),
    Key.MODELS_PAGE: _Entry(QT_TRANSLATE_NOOP("actions", "Models"), "Ctrl+4", "models"),
    Key.SETTINGS: _Entry(QT_TRANSLATE_NOOP("actions", "Settings"), "Ctrl+,", "settings"),
    Key.HELP: _Entry(QT_TRANSLATE_NOOP("actions", "Help"), "F1", "help"),
    Key.OPEN_FOLDER: _Entry(QT_TRANSLATE_NOOP("actions", "Choose a folder…"), "Ctrl+O", "folder"),
    Key.QUIT: _Entry(QT_TRANSLATE_NOOP("actions", "Quit"), "Ctrl+Q"),
    Key.CONFIRM: _Entry(QT_TRANSLATE_NOOP("actions", "That is right"), "", "check"),
    Key.RELABEL: _Entry(QT_TRANSLATE_NOOP("actions", "Another species…"), "F2", "pencil"),
    Key.LEAVE: _Entry(QT_TRANSLATE_NOOP("actions", "Leave where it is"), "", "leave"),
    Key.FORGET: _Entry(QT_TRANSLATE_NOOP("actions", "Forget what I said"), ""),
    Key.LARGE_VIEW: _Entry(QT_TRANSLATE_NOOP("actions", "Look closely"), "", "zoom"),
    Key.UNDO: _Entry(QT_TRANSLATE_NOOP("actions", "Undo"), "Ctrl+Z", "undo"),
    Key.REDO: _Entry(QT_TRANSLATE_NOOP("actions", "Redo"), "Ctrl+Shift+Z", "redo"),
    Key.SELECT_ALL: _Entry(QT_TRANSLATE_NOOP("actions", "Select all"), "Ctrl+A"),
}


def make_action(key: Key, owner: QWidget, do: Callable[[], object]) -> QAction:
    """The action `key`, added to `owner`, inside which its shortcut works."""
    entry = _TABLE[key]
    action = QAction(messages.translate("actions", str(entry.words)), owner)
    action.setObjectName(key.value)
    if entry.shortcut:
        action.setShortcut(QKeySequence(entry.shortcut))
    if entry.icon:
        theme.set_icon(action, entry.icon)
    action.setToolTip(_tip(action, key))
    action.triggered.connect(lambda _checked: do())
    owner.addAction(action)
    return action


def _tip(action: QAction, key: Key) -> str:
    sequence = action.shortcut() if not action.shortcut().isEmpty() else QKeySequence(GRID_KEYS.get(key, ""))
    keys = sequence.toString(QKeySequence.SequenceFormat.NativeText)
    return f"{action.text()} ({keys})" if keys else action.text()
