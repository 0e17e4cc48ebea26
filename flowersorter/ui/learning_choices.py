"""How to learn what was found: the choices, and about how long the slow one takes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit

from flowersorter.jobs import teach
from flowersorter.jobs.models import builtin_info
from flowersorter.jobs.teach import TeachRequest
from flowersorter.paths import Home
from flowersorter.records import Refused
from flowersorter.ui import messages
from flowersorter.ui.choice import Choice
from flowersorter.ui.form import Form
from flowersorter.ui.group_tree import file_name
from flowersorter.ui.method_chooser import MethodChooser
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.settings_table import DEVICES
from flowersorter.ui.tasks import TaskRunner
from flowersorter.ui.weights_chooser import WeightsChooser
from flowersorter.ui.widgets import Card


class LearningChoices(Card):
    """The form that makes a `TeachRequest` of a folder."""

    changed = Signal()  # something that is needed is there, or missing

    def __init__(self, home: Home, store: SettingsStore) -> None:
        super().__init__()
        self._home = home
        self._store = store
        self._folder: Path | None = None
        self._estimating: TaskRunner | None = None
        self.name = QLineEdit()
        self.name.setMaxLength(100)
        self.scope = Choice()
        self.weights = WeightsChooser(home, store)
        self.method = MethodChooser(store.values.method)
        self.looks = Choice()
        self.device = Choice()
        self._fill()
        form = Form()
        form.add_field(self.tr("Name of the model"), self.name)
        form.add_field(self.tr("It will know"), self.scope)
        form.add_field(self.tr("It builds on"), self.weights)
        form.add_field(self.tr("How it learns"), self.method)
        form.add_field(self.tr("How closely it looks"), self.looks)
        form.add_field(self.tr("Runs on"), self.device)
        self.box.addLayout(form)

        self.name.textChanged.connect(self.changed)
        self.weights.changed.connect(self.changed)
        self.scope.currentIndexChanged.connect(self._scope_changed)
        self.method.changed.connect(self._update_looks)
        for change in (self.weights.changed, self.method.changed):
            change.connect(self._estimate)
        for combo in (self.looks, self.device):
            combo.currentIndexChanged.connect(self._estimate)
        self._update_looks()

    def _fill(self) -> None:
        self.scope.addItem(self.tr("These species"))
        builtin = None
        with suppress(Refused):  # a damaged one is named where models are chosen
            builtin = builtin_info()
        if builtin is not None:
            words = self.tr("These, and the {species} of “{model}” that it knows already")
            known = messages.species(len(builtin.species))
            self.scope.addItem(words.format(species=known, model=builtin.name), builtin.name)
        self.scope.setEnabled(builtin is not None)
        self.looks.addItem(self.tr("One look at each photo"), 1)
        self.looks.addItem(
            self.tr("Two looks: more careful, teaching and sorting take up to twice as long"), 2
        )
        self.looks.addItem(
            self.tr("Three looks: most careful, teaching and sorting take about three times as long"), 3
        )
        for device, words in DEVICES:
            self.device.addItem(messages.translate("settings", words), device)
        self.device.setCurrentIndex(self.device.findData(self._store.values.device))

    def choose_folder(self, folder: Path) -> None:
        """The folder that would be taught; a model is named after it until somebody knows better."""
        if folder == self._folder:
            return  # looked into again: the choices stand
        self._folder = folder
        self.name.setText(file_name(folder))

    def missing(self) -> str:
        """What is still needed before it can start; empty if nothing is."""
        if not self.name.text().strip():
            return self.tr("Give the model a name.")
        if self.weights.base() is None:
            return self.tr("Choose what it builds on, or download it.")
        return ""

    def request(self) -> TeachRequest | None:
        """What would be taught now; None while something is missing."""
        base = self.weights.base()
        if self._folder is None or base is None:
            return None
        return TeachRequest(
            folder=self._folder,
            name=self.name.text().strip(),
            base=base,
            method=self.method.method(),
            device=self.device.currentData(),
            beside=self.scope.currentData(),
            views=self.looks.currentData(),
        )

    def cancel_estimate(self) -> None:
        """Stop working out how long it takes."""
        if self._estimating is not None:
            self._estimating.cancel()
            self._estimating = None

    def _scope_changed(self) -> None:
        """Known species are kept on the layers that know them, by the quick method."""
        alone = self.scope.currentData() is None
        if not alone:
            self.method.choose("head")
        self.weights.setEnabled(alone)
        self.method.setEnabled(alone)
        self._update_looks()

    def _update_looks(self) -> None:
        """The plain recipe has its own looks, and so has a model whose species are kept."""
        own = self.method.method() == "recipe" or self.scope.currentData() is not None
        self.looks.setEnabled(not own)
        if own:
            self.looks.setCurrentIndex(0)

    def _estimate(self) -> None:
        """Work out how long learning more deeply takes on this computer, where somebody thinks of it."""
        self.cancel_estimate()
        self.method.show_estimate("")
        request = self.request()
        if request is None or request.method != "finetune":
            return
        self.method.show_estimate(self.tr("Working out how long it takes on this computer…"))
        home, settings = self._home, self._store.values
        task = TaskRunner(lambda report: teach.estimate(home, settings, request, report), self)
        task.succeeded.connect(lambda seconds: self._show_estimate(task, seconds))
        task.failed.connect(lambda _error: self._show_estimate(task, None))  # starting it says why
        self._estimating = task
        task.start()

    def _show_estimate(self, task: TaskRunner, seconds: float | None) -> None:
        if task is not self._estimating:
            return  # another choice was made since
        self._estimating = None
        words = self.tr("About {time} on this computer.")
        self.method.show_estimate("" if seconds is None else words.format(time=messages.duration(seconds)))
