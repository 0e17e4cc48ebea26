"""Questions that need an answer before something is done. They never block: the answer calls back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QMessageBox, QSpacerItem, QWidget

from flowersorter.ui.widgets import without_key

_WIDTH = 440  # pixels; by itself a message box breaks its lines after a few words


def ask(
    parent: QWidget,
    question: str,
    explanation: str,
    yes: str,
    do: Callable[[], object],
    option: QCheckBox | None = None,
) -> QMessageBox:
    """Ask; `yes` is the verb on the button that calls `do`, and any other answer does nothing."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, parent.window().windowTitle(), question, parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)  # a name may look like a tag
    box.setInformativeText(explanation)
    if option is not None:
        box.setCheckBox(option)
    layout = box.layout()
    if isinstance(layout, QGridLayout):
        layout.addItem(QSpacerItem(_WIDTH, 0), layout.rowCount(), 0, 1, layout.columnCount())
    agree = box.addButton(without_key(yes), QMessageBox.ButtonRole.AcceptRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(agree)
    box.setEscapeButton(cancel)
    agree.clicked.connect(lambda _checked: do())
    box.finished.connect(box.deleteLater)
    box.open()
    return box


def choose_folder(parent: QWidget, title: str, start: Path, do: Callable[[Path], object]) -> QFileDialog:
    """Let the gardener choose an existing folder."""
    dialog = QFileDialog(parent, title, str(start))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    return _open(dialog, do)


def pictures() -> Path:
    """The system's folder for pictures, where dialogs begin."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation))


def choose_file(
    parent: QWidget, title: str, start: Path, filters: str, do: Callable[[Path], object]
) -> QFileDialog:
    """Let the gardener choose an existing file."""
    dialog = QFileDialog(parent, title, str(start), filters)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    return _open(dialog, do)


def choose_new(
    parent: QWidget, title: str, start: Path, do: Callable[[Path], object], suffix: str = ""
) -> QFileDialog:
    """Let the gardener name something that is not there yet; `start` is the suggestion.

    A name without a suffix gets `suffix`. For a file that is there already the dialog asks.
    """
    dialog = QFileDialog(parent, title, str(start.parent))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setDefaultSuffix(suffix)
    dialog.selectFile(start.name)
    return _open(dialog, do)


def _open(dialog: QFileDialog, do: Callable[[Path], object]) -> QFileDialog:
    dialog.fileSelected.connect(lambda name: do(Path(name)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
