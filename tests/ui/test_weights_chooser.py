"""Where the knowledge before teaching comes from: a file, or a download after consent."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox

from flowersorter.jobs.weights import Base
from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Code, Refused
from flowersorter.ui import weights_chooser
from flowersorter.ui.tasks import end_tasks
from flowersorter.ui.weights_chooser import WeightsChooser

pytestmark = pytest.mark.usefixtures("no_builtin_model")


@pytest.fixture
def chooser(qtbot, home, store):
    made = WeightsChooser(home, store)
    qtbot.addWidget(made, before_close_func=end_tasks)
    with qtbot.waitSignal(made.changed):
        made.refresh()
    return made


def test_without_weights_it_says_what_to_do(chooser):
    assert chooser.base() is None
    assert not chooser.missing.isHidden()
    assert chooser.missing.text().endswith("Download it once, or choose one that you have.")
    assert chooser.download_button.text() == "Download (44.7 MB)…"


def test_a_good_file_is_chosen_and_remembered(chooser, store, qtbot, tmp_path, monkeypatch):
    file = tmp_path / "resnet18.pth"
    file.write_bytes(b"weights")
    monkeypatch.setattr(weights_chooser, "check_weights", lambda path: Base("file", path))
    with qtbot.waitSignal(chooser.changed):
        chooser.use_file(file)
    assert store.values.weights_file == str(file)
    assert chooser.base() == str(file)
    assert chooser.missing.isHidden()


def test_a_bad_file_costs_one_sentence(chooser, store, qtbot, tmp_path):
    """A weights file that is no weights file: one plain sentence, nothing is chosen."""
    file = tmp_path / "poem.pth"
    file.write_text("Roses are red")
    chooser.use_file(file)
    # torch is loaded for this, which takes a while on a busy machine
    qtbot.waitUntil(chooser.file_button.isEnabled, timeout=60_000)
    assert chooser.message.words() == f"The weights file “{file}” is damaged or is no weights file."
    assert store.values.weights_file == ""


def test_downloading_asks_first_and_names_the_source(chooser, qtbot, monkeypatch):
    fetched = []
    monkeypatch.setattr(weights_chooser, "download_imagenet", lambda *asked: fetched.append(asked))
    chooser.download_button.click()
    box = chooser.findChild(QMessageBox)
    assert box.text() == "Download 44.7 MB from the internet?"
    assert "https://download.pytorch.org/" in box.informativeText()
    assert "Nothing about you or your photos is sent." in box.informativeText()
    box.reject()
    assert fetched == []


def test_a_download_is_used_at_once(chooser, downloaded, qtbot, monkeypatch):
    def fetch(home, report: Report) -> Path:
        report(Progress(Stage.DOWNLOADING, 5, 10))
        return downloaded

    monkeypatch.setattr(weights_chooser, "download_imagenet", fetch)
    with qtbot.waitSignal(chooser.changed):
        chooser.download()
    assert chooser.base() == "imagenet"
    assert chooser.download_button.isHidden()


def test_a_download_can_be_stopped(chooser, qtbot, monkeypatch):
    def fetch(home, report: Report) -> Path:
        while True:
            report(Progress(Stage.DOWNLOADING, 5, 10))

    monkeypatch.setattr(weights_chooser, "download_imagenet", fetch)
    chooser.download()
    chooser.progress.cancel_button.click()
    qtbot.waitUntil(chooser.progress.isHidden)
    assert chooser.message.words() == "The download was stopped. Start it again and it goes on from here."
    assert chooser.download_button.isEnabled()


def test_a_failed_download_says_why(chooser, qtbot, monkeypatch):
    def fetch(home, report: Report) -> Path:
        raise Refused(Code.DOWNLOAD_FAILED, detail="the proxy refused")

    monkeypatch.setattr(weights_chooser, "download_imagenet", fetch)
    chooser.download()
    qtbot.waitUntil(chooser.progress.isHidden)
    assert chooser.message.words().startswith("The download did not work: the proxy refused.")


def test_several_may_be_tried_and_the_chosen_file_comes_first(home, downloaded, store, qtbot, tmp_path):
    file = tmp_path / "resnet18.pth"
    file.write_bytes(b"weights")
    store.change(weights_file=str(file))
    chooser = WeightsChooser(home, store)
    qtbot.addWidget(chooser, before_close_func=end_tasks)
    with qtbot.waitSignal(chooser.changed):
        chooser.refresh()
    assert chooser.base() == "auto"
    chooser.combo.setCurrentIndex(1)
    assert chooser.base() == str(file)
    chooser.combo.setCurrentIndex(2)
    assert chooser.base() == "imagenet"


def test_what_was_chosen_stays_chosen(home, downloaded, store, qtbot, tmp_path, monkeypatch):
    """The list is read anew whenever the page is shown."""
    monkeypatch.setattr(weights_chooser, "check_weights", lambda path: Base("file", path))
    chooser = WeightsChooser(home, store)
    qtbot.addWidget(chooser, before_close_func=end_tasks)
    for _ in range(2):
        with qtbot.waitSignal(chooser.changed):
            chooser.refresh()
        chooser.combo.setCurrentIndex(chooser.combo.findData("imagenet"))
    with qtbot.waitSignal(chooser.changed):
        chooser.refresh()
    assert chooser.base() == "imagenet"
    file = tmp_path / "mine.pth"
    file.write_bytes(b"weights")
    with qtbot.waitSignal(chooser.changed):
        chooser.use_file(file)
    assert chooser.base() == str(file)
