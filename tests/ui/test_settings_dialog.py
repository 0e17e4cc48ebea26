"""The settings dialog: one table, all fields at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QDialogButtonBox

from flowersorter.settings import Settings
from flowersorter.ui.settings_dialog import SettingsDialog
from flowersorter.ui.settings_store import SettingsStore
from flowersorter.ui.settings_table import SETTINGS
from flowersorter.ui.tasks import end_tasks

CHANGED = Settings(
    model="roses", max_wrong=5.0, recursive=True, albums=True, copy=True, device="cpu", cache_megabytes=3000
)


@pytest.fixture
def store(qapp, home):
    made = SettingsStore(home.settings_file, Settings())
    yield made
    made.close()
    end_tasks(made)


@pytest.fixture
def open_dialog(qtbot, store, home):
    def opened() -> SettingsDialog:
        dialog = SettingsDialog(store, home)
        qtbot.addWidget(dialog)
        return dialog

    return opened


def test_every_line_of_the_table_is_a_field_of_the_settings():
    for setting in SETTINGS:
        assert hasattr(Settings(), setting.key)


def test_it_shows_the_settings_and_changes_nothing_by_itself(store, open_dialog):
    store.set_values(CHANGED)
    open_dialog().accept()
    assert store.values == CHANGED


def test_accepting_changes_all_at_once(store, open_dialog, qtbot):
    dialog = open_dialog()
    dialog.editors["recursive"].setChecked(True)
    dialog.editors["device"].setCurrentIndex(dialog.editors["device"].findData("cpu"))
    with qtbot.waitSignal(store.changed) as changed:
        dialog.accept()
    assert changed.args == [replace(Settings(), recursive=True, device="cpu")]


def test_rejecting_changes_nothing(store, open_dialog):
    dialog = open_dialog()
    dialog.editors["recursive"].setChecked(True)
    dialog.reject()
    assert store.values == Settings()


def test_defaults_leave_what_the_dialog_does_not_show(store, open_dialog):
    store.set_values(CHANGED)
    dialog = open_dialog()
    dialog.buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).click()
    dialog.accept()
    assert store.values == Settings(model="roses")


def test_a_value_that_was_written_by_hand_is_kept(store, open_dialog):
    store.set_values(Settings(max_wrong=3.5))
    dialog = open_dialog()
    assert dialog.editors["max_wrong"].currentText() == "3.5"
    dialog.accept()
    assert store.values.max_wrong == 3.5


def test_the_room_that_the_caches_take_is_shown_and_can_be_cleared(open_dialog, home, qtbot):
    home.features_file.write_bytes(b"no database" * 100_000)
    dialog = open_dialog()
    qtbot.waitUntil(dialog.caches.clear_button.isEnabled)
    assert "1.0 MB" in dialog.caches.size_text.text()
    dialog.caches.clear_button.click()
    assert not dialog.caches.clear_button.isEnabled()
    qtbot.waitUntil(dialog.caches.clear_button.isEnabled)
    assert "MB" not in dialog.caches.size_text.text()


def test_a_cache_that_cannot_be_cleared_is_said(open_dialog, home, qtbot, monkeypatch):
    def fail(_home):
        raise OSError("disk gone")

    monkeypatch.setattr("flowersorter.jobs.caches.clear_caches", fail)
    dialog = open_dialog()
    qtbot.waitUntil(dialog.caches.clear_button.isEnabled)
    dialog.caches.clear_button.click()
    qtbot.waitUntil(lambda: "disk gone" in dialog.caches.size_text.text())
    assert dialog.caches.clear_button.isEnabled()


def test_the_dialog_may_go_while_the_caches_are_cleared(open_dialog, home, qtbot):
    dialog = open_dialog()
    qtbot.waitUntil(dialog.caches.clear_button.isEnabled)
    dialog.caches.clear_button.click()
    dialog.deleteLater()


def test_it_fits_a_small_screen(open_dialog):
    """1366 x 768, or 1920 x 1080 at 150 %: OK and Cancel have to be in sight."""
    dialog = open_dialog()
    assert dialog.minimumSizeHint().height() < 500
    dialog.resize(dialog.width(), 500)
    assert dialog.buttons.geometry().bottom() < 500
