"""What FlowerSorter knows before it is taught: the pre-trained weights, and where to get them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from flowersorter.jobs.weights import (
    IMAGENET_BYTES,
    IMAGENET_URL,
    Base,
    available_bases,
    check_weights,
    download_imagenet,
)
from flowersorter.paths import Home
from flowersorter.sentences import show_path
from flowersorter.ui import messages
from flowersorter.ui.choice import Choice, add_choice
from flowersorter.ui.questions import ask, choose_file
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.tasks import TaskRunner
from flowersorter.ui.theme import GRID
from flowersorter.ui.widgets import MessageBar, ProgressPanel, button, text

translate = QCoreApplication.translate


def base_name(base: Base) -> str:
    """What weights know, in words."""
    if base.id == "imagenet":
        return translate("WeightsChooser", "A million pictures of all kinds (ImageNet, downloaded)")
    if base.id == "builtin":
        return translate("WeightsChooser", "Garden flowers (comes with FlowerSorter)")
    return translate("WeightsChooser", "The file {name}").format(name=show_path(Path(base.path.name)))


class WeightsChooser(QWidget):
    """A list of the weights that are there, a file chooser, and a download that asks first."""

    changed = Signal()  # other weights are there, or chosen

    def __init__(self, home: Home, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._home = home
        self._store = store
        self._download: TaskRunner | None = None
        self._wanted: str | None = None  # a file that was chosen, until it is listed

        self.missing = text(
            self.tr(
                "Before it can learn your flowers, FlowerSorter needs a file with general knowledge of "
                "pictures. Download it once, or choose one that you have."
            )
        )
        self.missing.hide()
        self.combo = Choice()
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(12)  # characters; a long path must not widen the page
        self.combo.currentIndexChanged.connect(lambda _row: self.changed.emit())
        self.combo.hide()
        self.file_button = button(self.tr("Choose a weights file…"), self._choose_file, "folder")
        self.download_button = button(
            self.tr("Download ({size})…").format(size=messages.bytes_words(IMAGENET_BYTES)),
            self._ask_download,
            "download",
        )
        self.message = MessageBar()
        self.progress = ProgressPanel()
        self.progress.cancel_requested.connect(self._cancel)

        row = QHBoxLayout()
        row.setSpacing(GRID)
        add_choice(row, self.combo, self.tr("What it knows before you teach it"), 1)
        row.addWidget(self.file_button)
        row.addWidget(self.download_button)
        row.addStretch(0)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(GRID)
        box.addWidget(self.missing)
        box.addLayout(row)
        box.addWidget(self.message)
        box.addWidget(self.progress)

    def refresh(self) -> None:
        """Look again which weights are there."""
        settings = self._store.values
        task = TaskRunner(lambda _report: available_bases(self._home, settings), self)
        task.succeeded.connect(self._show)
        task.failed.connect(self._show_error)
        task.start()

    def base(self) -> str | None:
        """The chosen weights as a `TeachRequest` names them; None where there are none."""
        chosen = self.combo.currentData()
        return None if chosen is None else str(chosen)

    def use_file(self, file: Path) -> None:
        """Check a weights file and keep it as the chosen one."""
        self.message.show_message(self.tr("Checking the file…"))
        self.file_button.setEnabled(False)
        task = TaskRunner(lambda _report: check_weights(file), self)
        task.succeeded.connect(self._take_file)
        task.failed.connect(self._show_error)
        task.finished.connect(lambda: self.file_button.setEnabled(True))
        task.start()

    def download(self) -> None:
        """Fetch the weights. The gardener has agreed."""
        if self._download is not None:
            return
        self.message.hide()
        self.download_button.setEnabled(False)
        self._download = TaskRunner(lambda report: download_imagenet(self._home, report), self)
        self._download.progressed.connect(self.progress.show_progress)
        self._download.succeeded.connect(lambda _path: self.refresh())
        self._download.failed.connect(self._show_error)
        self._download.cancelled.connect(self._say_cancelled)
        self._download.finished.connect(self._end_download)
        self.progress.start()
        self._download.start()

    def _show(self, bases: Sequence[Base]) -> None:
        self.combo.blockSignals(True)  # noqa: FBT003 - Qt's own signature
        chosen = self.base() if self._wanted is None else self._wanted
        self._wanted = None
        self.combo.clear()
        if len(bases) > 1:
            self.combo.addItem(self.tr("Whatever suits the photos best (it tries)"), "auto")
        for base in bases:
            self.combo.addItem(base_name(base), str(base.path) if base.id == "file" else base.id)
            last = self.combo.count() - 1
            self.combo.setItemData(last, messages.tip(messages.place(base.path)), Qt.ItemDataRole.ToolTipRole)
        self.combo.setCurrentIndex(max(0, self.combo.findData(chosen)))
        self.combo.blockSignals(False)  # noqa: FBT003
        self.combo.setVisible(bool(bases))
        self.missing.setVisible(not bases)
        self.download_button.setVisible(all(base.id != "imagenet" for base in bases))
        self.changed.emit()

    def _choose_file(self) -> None:
        chosen = self._store.values.weights_file
        start = Path(chosen).parent if chosen else Path.home()
        choose_file(
            self,
            self.tr("Choose a weights file"),
            start,
            self.tr("Weights of a ResNet-18 (*.pth *.pt *.safetensors);;All files (*)"),
            self.use_file,
        )

    def _take_file(self, base: Base) -> None:
        self.message.hide()
        self._store.change(weights_file=str(base.path))
        self._wanted = str(base.path)
        self.refresh()

    def _ask_download(self) -> None:
        ask(
            self,
            self.tr("Download {size} from the internet?").format(size=messages.bytes_words(IMAGENET_BYTES)),
            self.tr(
                "The file is a ResNet-18 that was trained on a million pictures (ImageNet). It comes from "
                "the makers of PyTorch, {url}, and is kept on this computer. Nothing about you or your "
                "photos is sent. You can stop at any time and go on later."
            ).format(url=IMAGENET_URL),
            self.tr("Download"),
            self.download,
        )

    def _cancel(self) -> None:
        if self._download is not None:
            self._download.cancel()

    def _say_cancelled(self) -> None:
        self.message.show_message(
            self.tr("The download was stopped. Start it again and it goes on from here.")
        )

    def _end_download(self) -> None:
        self._download = None
        self.progress.stop()
        self.download_button.setEnabled(True)

    def _show_error(self, error: Exception) -> None:
        self.message.show_message(messages.say_error(error), "error")
