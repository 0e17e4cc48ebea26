"""The window's settings are kept soon after a change, and at the latest on closing."""

from __future__ import annotations

import pytest

from flowersorter import settings
from flowersorter.settings import Settings
from flowersorter.ui.settings_store import SettingsStore


@pytest.fixture
def kept(home):
    return lambda: settings.load(home.settings_file)[0]


def test_a_change_is_told_and_kept(store, qtbot, kept):
    with qtbot.waitSignal(store.changed) as changed:
        store.change(max_wrong=5.0)
    assert changed.args[0].max_wrong == 5.0
    qtbot.waitUntil(lambda: kept().max_wrong == 5.0)


def test_no_change_is_not_told(store, qtbot):
    with qtbot.assertNotEmitted(store.changed):
        store.change(max_wrong=store.values.max_wrong)


def test_closing_keeps_the_last_change(store, kept):
    store.change(recursive=True)
    store.close()
    assert kept().recursive


def test_a_full_disk_is_said_and_tried_again(home, qtbot, kept, monkeypatch):
    store = SettingsStore(home.settings_file, Settings())

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(settings, "save", full)
    with qtbot.waitSignal(store.failed):
        store.change(copy=True)
    monkeypatch.undo()
    store.close()
    assert kept().copy
