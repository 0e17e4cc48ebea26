"""The form of teaching: what goes together, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from flowersorter.learning.bundle import ModelInfo
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings
from flowersorter.ui import learning_choices
from flowersorter.ui.learning_choices import LearningChoices
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.tasks import end_tasks

BUILTIN = ModelInfo(
    "Garden flowers", 1, Path("builtin"), "2026-01-01T00:00:00+00:00", ("daisy", "rose"), 2, "pretrained",
    "builtin", "ab" * 32, "space", None, None, "0.1.0",
)  # fmt: skip


@pytest.fixture
def choices(home, qtbot, tmp_path, monkeypatch):
    """The form for a folder, with a weights file and a built-in model."""
    monkeypatch.setattr(learning_choices, "builtin_info", lambda: BUILTIN)
    weights = tmp_path / "resnet18.pth"
    weights.write_bytes(b"weights")
    store = SettingsStore(home.settings_file, Settings(weights_file=str(weights)))
    form = LearningChoices(home, store)
    qtbot.addWidget(form, before_close_func=end_tasks)
    form.weights.refresh()
    qtbot.waitUntil(lambda: form.weights.base() is not None)
    form.choose_folder(tmp_path / "My garden")
    return form


def test_a_folder_alone_is_taught_unless_somebody_asks_for_more(choices):
    request = choices.request()
    assert (request.name, request.beside, request.method, request.views) == ("My garden", None, "head", 1)
    assert choices.missing() == ""


def test_known_species_are_kept_on_the_layers_that_know_them(choices):
    choices.method.choose("finetune")
    choices.looks.setCurrentIndex(2)
    choices.scope.setCurrentIndex(1)
    assert choices.scope.currentText() == "These, and the 2 species of “Garden flowers” that it knows already"
    request = choices.request()
    assert (request.beside, request.method, request.views) == ("Garden flowers", "head", 1)
    assert not choices.weights.isEnabled()
    assert not choices.method.isEnabled()
    assert not choices.looks.isEnabled()
    choices.scope.setCurrentIndex(0)
    assert choices.request().beside is None
    assert choices.weights.isEnabled()
    assert choices.looks.isEnabled()


def test_a_damaged_built_in_model_does_not_stop_the_window(home, qtbot, monkeypatch):
    def damaged():
        raise Refused(Code.MODEL_DAMAGED, model="builtin")

    monkeypatch.setattr(learning_choices, "builtin_info", damaged)
    form = LearningChoices(home, SettingsStore(home.settings_file, Settings()))
    qtbot.addWidget(form, before_close_func=end_tasks)
    assert form.scope.count() == 1
    assert not form.scope.isEnabled()


def test_scrolling_the_page_changes_no_choice(choices, qtbot):
    choices.show()
    before = choices.looks.currentIndex()
    wheel = QWheelEvent(
        QPointF(5, 5),
        choices.looks.mapToGlobal(QPointF(5, 5)),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,  # noqa: FBT003 - Qt's own signature
    )
    choices.name.setFocus()
    QApplication.sendEvent(choices.looks, wheel)
    assert choices.looks.currentIndex() == before
    assert not wheel.isAccepted(), "the page scrolls"


def test_a_folder_that_is_looked_into_again_leaves_the_name(choices, tmp_path):
    choices.name.setText("Roses only")
    choices.choose_folder(tmp_path / "My garden")
    assert choices.request().name == "Roses only"
    choices.choose_folder(tmp_path / "Other garden")
    assert choices.request().name == "Other garden"
