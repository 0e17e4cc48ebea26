"""What is dragged into the window from other programs: a folder, or a photo in it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from flowersorter.ui.widgets import heading, set_role


class DropHint(QFrame):
    """Lies over the page while a folder is dragged."""

    def __init__(self, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        set_role(self, "drop")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        box = QVBoxLayout(self)
        label = heading(words, 2)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box.addWidget(label)
        self.hide()


def accept_copy(event: QDropEvent) -> None:
    """Take what is dragged as a copy: who has taken a move leaves it to the file manager to delete it."""
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()


def dropped(event: QDropEvent) -> Path | None:
    """The one file or folder of this computer that is dragged; None for several, and for other things."""
    urls = event.mimeData().urls()
    return _local_path(urls[0]) if len(urls) == 1 and urls[0].isLocalFile() else None


def dropped_folder(event: QDropEvent) -> Path | None:
    """The one folder that is dragged, also one that is gone; of a photo, the folder it lies in."""
    path = dropped(event)
    return path.parent if path is not None and path.is_file() else path


def _local_path(url: QUrl) -> Path | None:
    """Names need not be UTF-8, and Qt's text for a path cannot hold others (PEP 383)."""
    if os.name == "nt" or url.host():  # drive letters, and //server/share
        name = url.toLocalFile()
    else:
        name = os.fsdecode(unquote_to_bytes(url.path(QUrl.ComponentFormattingOption.FullyEncoded)))
    return Path(name) if name else None
