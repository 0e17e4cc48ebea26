"""Choosing a folder and how to sort it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from support.recogniser import make_photos, model_info

from flowersorter.jobs import models, names
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings
from flowersorter.ui.tasks import end_tasks
from flowersorter.ui.welcome_view import WelcomeView


@pytest.fixture
def welcome(qtbot, home, session, store):
    made = WelcomeView(home, session, store)
    qtbot.addWidget(made)
    made.models.show_models([model_info()])
    with qtbot.waitExposed(made):
        made.show()
    yield made
    end_tasks(made)


def open_folder(qtbot, welcome: WelcomeView, folder: Path) -> None:
    with qtbot.waitSignal(welcome._session.found):
        welcome.open_folder(folder)


def test_it_says_how_many_photos_there_are(welcome, qtbot, folder):
    open_folder(qtbot, welcome, folder)
    assert welcome._count.text() == "7 photos to sort"
    assert welcome.start_button.isEnabled()


def test_subfolders_are_counted_on_request_and_albums_apart(welcome, qtbot, folder):
    make_photos(folder / "100CANON", "rose-90-8.jpg")
    make_photos(folder / "Wedding", "rose-90-9.jpg", "rose-91-9.jpg")
    open_folder(qtbot, welcome, folder)
    with qtbot.waitSignal(welcome._session.found):
        welcome.options.recursive.click()
    assert welcome._count.text() == "8 photos to sort"
    assert welcome._details.text() == "2 in your albums"
    with qtbot.waitSignal(welcome._session.found):
        welcome.options.albums.click()
    assert welcome._count.text() == "10 photos to sort"


def test_the_choices_are_in_the_request_and_remembered(welcome, qtbot, folder, store, tmp_path):
    open_folder(qtbot, welcome, folder)
    with qtbot.waitSignal(welcome._session.found):
        welcome.options.recursive.click()
    (tmp_path / "sorted").mkdir()
    with qtbot.waitSignal(welcome._session.found):
        welcome.options.set_place(tmp_path / "sorted")
    welcome.models.careful.setCurrentIndex(welcome.models.careful.findData(5.0))
    welcome.models.careful.activated.emit(welcome.models.careful.currentIndex())
    with qtbot.waitSignal(welcome.start_requested) as started:
        qtbot.mouseClick(welcome.start_button, Qt.MouseButton.LeftButton)
    request = started.args[0]
    assert request.folder == folder
    assert request.into == tmp_path / "sorted"
    assert request.recursive
    assert not request.albums
    assert request.max_wrong == 5.0
    assert request.model == "my garden"
    assert store.values.recursive
    assert store.values.max_wrong == 5.0
    assert store.values.recent_folders == (str(folder),)


def test_an_empty_folder_cannot_be_started(welcome, qtbot, tmp_path):
    (tmp_path / "empty").mkdir()
    open_folder(qtbot, welcome, tmp_path / "empty")
    assert welcome._count.text() == "0 photos to sort"
    assert not welcome.start_button.isEnabled()


def test_a_folder_that_has_gone_is_said_in_one_sentence(welcome, qtbot, tmp_path):
    with qtbot.waitSignal(welcome._session.failed):
        welcome.open_folder(tmp_path / "gone")
    assert welcome.message.words() == f"“{tmp_path / 'gone'}” is not a folder, or it is no longer there."
    assert not welcome.start_button.isEnabled()


def test_without_a_model_it_leads_to_teaching(welcome, qtbot, folder):
    welcome.models.show_models([])
    assert welcome.models.no_model_card.isVisible()
    open_folder(qtbot, welcome, folder)
    assert not welcome.start_button.isEnabled()
    assert "Teach" in welcome._why_not.text()
    with qtbot.waitSignal(welcome.teach_requested):
        welcome.models.teach_pressed.emit()


def test_the_built_in_model_is_chosen_where_none_was(welcome, store):
    """As on the command line. The list has it last."""
    store.set_values(Settings())
    welcome.models.show_models([replace(model_info(), name="orchids"), model_info()])
    assert store.values.model == welcome.models.combo.currentData() == "my garden"


def test_species_are_offered_in_the_gardeners_language(welcome, store, monkeypatch, qtbot):
    daisy = replace(model_info(), species=("oxeye daisy", "tulip"))
    monkeypatch.setattr(models, "list_models", lambda _home: [daisy])
    monkeypatch.setattr(names, "is_builtin", lambda _info: True)
    store.set_values(replace(store.values, flower_names="german"))
    with qtbot.waitSignal(welcome.models.changed):
        welcome.models.refresh()
    assert welcome.models.combo.itemData(0, Qt.ItemDataRole.ToolTipRole) == "Margerite, Tulpe"


def test_recent_folders_open_with_one_click(welcome, qtbot, folder, store):
    store.set_values(store.values.with_recent(folder))
    button = welcome._recent.itemAt(0).widget()
    with qtbot.waitSignal(welcome.folder_chosen) as chosen:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert chosen.args == [folder]


def test_screen_readers_hear_what_a_choice_is_for(welcome):
    """On Linux they take the name from the label whose buddy it is."""
    heard = {}
    for choice in (welcome.models.combo, welcome.models.careful):
        read = QAccessible.queryAccessibleInterface(choice)
        labels = [one for one, kind in read.relations() if kind is QAccessible.RelationFlag.Label]
        heard[choice] = [label.text(QAccessible.Text.Name) for label in labels]
    assert list(heard.values()) == [["Model"], ["How careful"]]


def test_other_settings_leave_the_recent_folders_as_they_are(welcome, folder, store):
    store.set_values(store.values.with_recent(folder))
    button = welcome._recent.itemAt(0).widget()
    store.change(thumbnail_side=store.values.thumbnail_side + 1)
    assert welcome._recent.itemAt(0).widget() is button


def test_a_model_that_comes_while_they_are_listed_stays_in_use(welcome, store, qtbot, monkeypatch):
    """The list that was begun before it came must not put another model in its place."""
    listed, begun, go_on = [["my garden"], ["my garden", "new one"]], threading.Event(), threading.Event()

    def list_models(_home):
        names = listed.pop(0)
        begun.set()
        assert go_on.wait(60)
        return [replace(model_info(), name=name) for name in names]

    monkeypatch.setattr("flowersorter.jobs.models.list_models", list_models)
    welcome.models.refresh()
    assert begun.wait(60)
    store.change(model="new one")
    welcome.models.refresh()
    go_on.set()
    qtbot.waitUntil(lambda: welcome.models.combo.count() == 2)
    assert store.values.model == "new one"
    assert welcome.models.combo.currentData() == "new one"


def test_models_that_cannot_be_listed_are_said(welcome, qtbot, monkeypatch):
    def refuse(_home):
        raise Refused(Code.MODEL_DAMAGED, model="my garden")

    monkeypatch.setattr("flowersorter.jobs.models.list_models", refuse)
    with qtbot.waitSignal(welcome.models.failed):
        welcome.models.refresh()
    assert "“my garden” is damaged" in welcome.message.words()
