"""The models page: which one is in use, and bringing models in, out and away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox

from flowersorter.learning.bundle import ModelInfo
from flowersorter.records import Code, Refused
from flowersorter.ui import models_view
from flowersorter.ui.models_view import ModelsView
from flowersorter.ui.tasks import end_tasks
from flowersorter.ui.widgets import EmptyState


def model(name: str, accuracy: float | None = 0.88) -> ModelInfo:
    return ModelInfo(
        name, 1, Path("/models") / name, "2026-05-01T10:00:00+00:00", ("rose", "tulip"), 240, "head",
        "imagenet", "ab", "cd", accuracy, None, "0.1",
    )  # fmt: skip


class Library:
    """Models in memory, with the interface of `jobs.models`."""

    builtin = "Garden flowers"

    def __init__(self) -> None:
        self.models = [model("my garden"), model("orchids", accuracy=None)]
        self.versions = [replace(self.models[0], version=2, accuracy=0.7), self.models[0]]
        self.exported: list[tuple[str, Path, bool]] = []
        self.looked_at: list[str] = []

    def list_models(self, home: object) -> list[ModelInfo]:
        return list(self.models)

    def list_versions(self, home: object, name: str) -> list[ModelInfo]:
        return [info for info in self.versions if info.name == name]

    def use_version(self, home: object, name: str, version: int) -> ModelInfo:
        chosen = next(info for info in self.versions if (info.name, info.version) == (name, version))
        self.models = [chosen if info.name == name else info for info in self.models]
        return chosen

    def is_builtin(self, info: ModelInfo) -> bool:
        self.looked_at.append(info.name)
        return info.name == self.builtin

    def import_model(self, home: object, path: Path) -> ModelInfo:
        if path.name == "bad":
            raise Refused(Code.MODEL_DAMAGED, model="bad")
        self.models.append(model(path.name))
        return self.models[-1]

    def export_model(self, home: object, name: str, target: Path, *, include_teaching: bool) -> Path:
        self.exported.append((name, target, include_teaching))
        return target

    def remove_model(self, home: object, name: str) -> None:
        self.models = [info for info in self.models if info.name != name]


@pytest.fixture
def library(monkeypatch):
    made = Library()
    for name in (
        "list_models",
        "list_versions",
        "use_version",
        "import_model",
        "export_model",
        "remove_model",
        "is_builtin",
    ):
        monkeypatch.setattr(models_view, name, getattr(made, name))
    return made


@pytest.fixture
def view(qtbot, home, store, library):
    made = ModelsView(home, store)
    qtbot.addWidget(made, before_close_func=end_tasks)
    with qtbot.waitSignals([made.refreshed, made.weights.changed]):
        made.refresh()
    return made


def row(view: ModelsView, number: int) -> list[str]:
    return [view.table.item(number, column).text() for column in (0, 1, 2, 3, 5)]


def test_models_are_listed_with_what_they_know(view):
    assert row(view, 0) == ["my garden", "2 species", "240 photos", "88 %", "in use"]
    assert row(view, 1) == ["orchids", "2 species", "240 photos", "–", ""]
    assert view.species.text() == "rose, tulip"


def test_another_model_can_be_used(view, store, qtbot):
    assert not view.use_button.isEnabled(), "the one in use is selected first"
    view.table.selectRow(1)
    with qtbot.waitSignal(view.models_changed):
        view.use_button.click()
    assert store.values.model == "orchids"
    assert [row(view, number)[-1] for number in (0, 1)] == ["", "in use"]
    assert view.chosen().name == "orchids"


def test_where_none_was_chosen_the_built_in_one_is_in_use(view, library, store, qtbot):
    store.change(model="")
    library.models.append(model(library.builtin))
    with qtbot.waitSignal(view.refreshed):
        view.refresh()
    assert [row(view, number)[-1] for number in range(3)] == ["", "", "in use"]
    view.table.selectRow(2)
    assert not view.use_button.isEnabled()
    view.table.selectRow(0)
    assert view.use_button.isEnabled()


def test_an_import_is_listed_but_not_used_by_itself(view, store, qtbot, tmp_path):
    with qtbot.waitSignals([view.models_changed, view.refreshed]):
        view.import_from(tmp_path / "ferns")
    assert [row(view, number)[0] for number in range(3)] == ["my garden", "orchids", "ferns"]
    assert store.values.model == "my garden"


def test_a_damaged_model_costs_one_sentence(view, qtbot, tmp_path):
    view.import_from(tmp_path / "bad")
    qtbot.waitUntil(lambda: view.message.words() != "")
    assert view.message.words().startswith("The model “bad” is damaged and cannot be used.")


def test_export_asks_whether_to_include_what_was_taught(view, library, qtbot, tmp_path):
    view.export_button.click()
    box = view.findChild(QMessageBox)
    assert box.checkBox().isChecked()
    box.reject()
    view.export_to("my garden", tmp_path / "out", include_teaching=False)
    qtbot.waitUntil(lambda: library.exported == [("my garden", tmp_path / "out", False)])
    qtbot.waitUntil(lambda: view.message.words().startswith("“my garden” is in "))


def test_removing_asks_first_and_forgets_the_choice(view, store, library, qtbot):
    view.remove_button.click()
    box = view.findChild(QMessageBox)
    assert "All its versions go into the trash." in box.informativeText()
    box.reject()
    assert len(library.models) == 2
    with qtbot.waitSignals([view.models_changed, view.refreshed]):
        view.remove("my garden")
    assert store.values.model == ""
    assert row(view, 0)[0] == "orchids"


def test_an_empty_library_says_what_to_do(view, library, qtbot):
    library.models = []
    with qtbot.waitSignal(view.refreshed):
        view.refresh()
    assert view.chosen() is None
    assert not view.export_button.isEnabled()
    assert view.findChild(EmptyState).isVisibleTo(view)


def test_settings_change_the_list_without_a_look_at_the_disk(view, library, store, monkeypatch):
    """A slider that is dragged changes the settings at each pixel."""
    library.looked_at.clear()
    store.change(model="orchids")
    assert row(view, 1)[-1] == "in use"
    monkeypatch.setattr(view.table, "show_rows", lambda *_: pytest.fail("listed anew"))
    store.change(thumbnail_side=store.values.thumbnail_side + 1)
    assert library.looked_at == []


def test_an_earlier_version_is_put_in_force(view, qtbot, library, store):
    combo = view.versions.combo
    assert combo.count() == 2
    assert combo.currentIndex() == 1
    assert combo.itemText(1).startswith("1: taught on ")
    assert combo.itemText(0).endswith("240 photos, 70 % right")
    with qtbot.waitSignal(view.refreshed):
        combo.activated.emit(0)
    assert view.chosen().version == 2
    assert combo.currentIndex() == 0


def test_a_model_with_one_version_offers_none(view, qtbot):
    view.table.selectRow(1)
    assert not view.versions.isVisibleTo(view)


def test_the_built_in_model_stays_and_speaks_the_gardeners_language(view, library, store, qtbot):
    labels = ("Oxeye Daisy", "Common Dandelion")
    library.models = [replace(model(library.builtin), species=labels, method="pretrained")]
    store.change(flower_names="german")
    with qtbot.waitSignal(view.refreshed):
        view.refresh()
    assert view.species.text() == "Löwenzahn, Margerite"
    assert not view.remove_button.isEnabled()
    assert view.export_button.isEnabled()


def test_a_version_that_was_refused_is_not_shown_as_the_one_in_use(view, qtbot, monkeypatch):
    def refuse(*_arguments: object) -> ModelInfo:
        raise Refused(Code.MODEL_DAMAGED, model="my garden")

    monkeypatch.setattr(models_view, "use_version", refuse)
    combo = view.versions.combo
    combo.setCurrentIndex(0)
    combo.activated.emit(0)
    qtbot.waitUntil(lambda: bool(view.message.words()))
    assert combo.currentIndex() == 1
