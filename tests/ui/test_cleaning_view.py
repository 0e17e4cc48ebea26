"""Cleaning a labelled folder through the real window; learning is real, on drawn photos and weights."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from support.networks import save_random_weights
from support.pictures import draw_flower, draw_library, save_photo
from support.reading import HerePool
from support.tree_texts import shown as shown_tree
from support.trees import contents, digest, tree

from flowersorter.jobs import clean, reading
from flowersorter.jobs.clean import Checked
from flowersorter.learning.suspects import Finding, Kind, SuspectPhoto
from flowersorter.library import KnownFile, Library
from flowersorter.records import Code, Outcome, Photo, Reason, Receipt, Refused, Status
from flowersorter.settings import Settings
from flowersorter.ui.cleaning_view import CleaningView
from flowersorter.ui.report_view import ReportView
from flowersorter.ui.tasks import TaskRunner, end_tasks

PATIENCE = 60_000  # ms; the first look runs the network on a busy machine


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A sunflower among the bluebells, and a daisy twice."""
    monkeypatch.setattr(reading, "PicturePool", HerePool)
    made = tmp_path / "photos" / "garden"
    draw_library(made, 6, size=(96, 72))
    save_photo(made / "bluebell" / "wrong.jpg", draw_flower("sunflower", 90, (96, 72)))
    shutil.copy2(made / "daisy" / "daisy_001.jpg", made / "daisy" / "again.jpg")
    return made


@pytest.fixture
def store(store, tmp_path):
    weights = save_random_weights(tmp_path / "random.pth", seed=1)
    store.set_values(Settings(weights_file=str(weights), device="cpu"))
    return store


def choose(page, name: str) -> None:
    """Show the tab and select the tile of a photo."""
    for tab in range(page.tabs.count()):
        page.tabs.setCurrentIndex(tab)
        for row in range(page.grid.tiles.rowCount()):
            if page.grid.tiles.record(row).photo.path.name == name:
                page.grid.select_only(row)
                return
    raise AssertionError(f"{name} is not shown")


def shown(page) -> set[str]:
    return {one.path.name for finding in page._cleaning.checked.findings for one in finding.photos}


def test_relabel_one_ignore_one_and_take_it_back(window, folder, qtbot):
    """Promise 7: names, bytes and dates are as they were; promise 8: nothing moves before the plan."""
    before, bytes_before = tree(folder.parent), contents(folder.parent)
    window.show_teaching()
    teaching = window.teaching
    teaching.look_into(folder)
    qtbot.waitUntil(lambda: teaching.setup.start_button.isEnabled() and not teaching.busy)
    with qtbot.waitSignal(teaching.setup.check_requested):
        qtbot.mouseClick(teaching.setup.check_button, Qt.MouseButton.LeftButton)
    cleaning = teaching.cleaning
    assert cleaning.progress.cancel_button.hasFocus()
    page = cleaning.page
    qtbot.waitUntil(lambda: cleaning.pages.currentWidget() is page, timeout=PATIENCE)
    assert {"wrong.jpg", "daisy_001.jpg", "again.jpg"} <= shown(page)

    choose(page, "wrong.jpg")
    page.move_to("sunflower")
    assert page.grid.said_of(page.grid.current()) == ("→ sunflower", True)
    choose(page, "again.jpg")
    with qtbot.waitSignal(page.settled):
        qtbot.keyClick(page.grid, Qt.Key.Key_0)
    assert page.grid.said_of(page.grid.current()) == ("is right", True)
    qtbot.mouseClick(page.plan_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: cleaning.pages.currentWidget() is cleaning.plan)
    assert tree(folder.parent) == before

    with qtbot.waitSignal(cleaning.filed):
        qtbot.mouseClick(cleaning.plan.go, Qt.MouseButton.LeftButton)
    assert (folder / "sunflower" / "wrong.jpg").exists()
    assert contents(folder.parent) == bytes_before
    with qtbot.waitSignal(cleaning.found, timeout=PATIENCE) as found:
        pass
    assert cleaning.message.words() == "1 photo moved. History can take it back."
    names = {one.path.name for finding in found.args[0].findings for one in finding.photos}
    assert not names & {"wrong.jpg", "again.jpg", "daisy_001.jpg"}

    window.show_history()
    qtbot.waitUntil(window.history.undo_button.isEnabled)
    with qtbot.waitSignal(window.history.undone):
        window.history.undo_batch(window.history.table.selected().id)
    assert tree(folder.parent) == before
    qtbot.waitUntil(lambda: not cleaning._task.busy, timeout=PATIENCE)


@pytest.fixture
def view(qtbot, home, store, thumbnails):
    made = CleaningView(home, store, thumbnails)
    qtbot.addWidget(made, before_close_func=end_tasks)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_nothing_looks_wrong(view, folder):
    view.show_checked(Checked(folder, ("rose", "tulip"), 9, ()))
    assert view.teach_button.isVisible()


def test_a_folder_that_cannot_be_checked_costs_one_sentence(view, tmp_path, qtbot):
    view.look(tmp_path / "gone", "auto", "cpu")
    qtbot.waitUntil(lambda: view.message.words() != "")
    assert view.message.words() == f"“{tmp_path / 'gone'}” is not a folder, or it is no longer there."
    with qtbot.waitSignal(view.closed):
        qtbot.mouseClick(view.back_button, Qt.MouseButton.LeftButton)


def test_a_history_that_is_behind_is_said(view, folder, qtbot, monkeypatch):
    """Promise 19."""
    nothing = Checked(folder, ("rose", "tulip"), 9, ())
    monkeypatch.setattr(clean, "look_for_suspects", lambda *_arguments: nothing)
    with qtbot.waitSignal(view.found):
        view.look(folder, "auto", "cpu")
    moved = Outcome(Photo(folder / "a.jpg", 1, 1), Status.MOVED, folder / "rose" / "a.jpg", "rose")
    with qtbot.waitSignal(view.found):
        view._show_receipt(Receipt(1, (moved,), unwritten=Reason(Code.DISK_FULL)))
    assert view.message.words().splitlines() == [
        "1 photo moved.",
        "The disk is full. Free some space and try again.",
        "Your photos are not affected. FlowerSorter completes its history when it starts again.",
    ]


def test_a_look_that_is_stopped_goes_back(view, folder, qtbot, monkeypatch):
    def never_end(*arguments):
        while True:
            arguments[-1](None)

    monkeypatch.setattr(clean, "look_for_suspects", never_end)
    view.look(folder, "auto", "cpu")
    with qtbot.waitSignal(view.closed):
        qtbot.mouseClick(view.progress.cancel_button, Qt.MouseButton.LeftButton)


@pytest.fixture
def slow_looks(monkeypatch):
    """A look ends once somebody says so, and finds one photo; `looked` keeps the folders."""
    go_on, looked = Event(), []

    def look(_home, _settings, folder, _base, _device, report):
        looked.append(folder.name)
        while not go_on.wait(0.01):
            report(None)
        return one_suspect(folder)

    monkeypatch.setattr(clean, "look_for_suspects", look)
    yield SimpleNamespace(go_on=go_on, looked=looked)
    go_on.set()


def one_suspect(folder: Path) -> Checked:
    photo = SuspectPhoto(folder / "daisy" / "wrong.jpg", "w", "daisy")
    return Checked(folder, ("daisy", "rose"), 9, (Finding(Kind.MISFILED, (photo,), "rose", 0.5),))


def test_of_folders_that_are_checked_one_after_another_the_newest_is_shown(view, qtbot, slow_looks, tmp_path):
    view.look(tmp_path / "a", "auto", "cpu")
    qtbot.waitUntil(lambda: slow_looks.looked == ["a"])
    with qtbot.assertNotEmitted(view.closed), qtbot.waitSignal(view.found) as found:
        view.look(tmp_path / "b", "auto", "cpu")
        view.look(tmp_path / "c", "auto", "cpu")
        qtbot.waitUntil(lambda: slow_looks.looked == ["a", "c"])
        slow_looks.go_on.set()
    assert found.args[0].folder == tmp_path / "c"
    assert view.pages.currentWidget() is view.page


def test_what_teaching_found_is_not_overtaken_by_an_earlier_look(view, qtbot, slow_looks, tmp_path):
    view.look(tmp_path / "a", "auto", "cpu")
    with qtbot.waitSignal(view.found) as found:
        view.show_found(one_suspect(tmp_path / "b"), "auto", "cpu")
    qtbot.waitUntil(lambda: not any(task.isRunning() for task in view.findChildren(TaskRunner)))
    assert found.args[0].folder == tmp_path / "b"
    assert view._folder == tmp_path / "b"


def test_a_look_that_waits_for_another_can_be_stopped(view, qtbot, slow_looks, tmp_path):
    view.look(tmp_path / "a", "auto", "cpu")
    view.look(tmp_path / "b", "auto", "cpu")
    with qtbot.waitSignal(view.closed):
        qtbot.mouseClick(view.progress.cancel_button, Qt.MouseButton.LeftButton)
    assert "b" not in slow_looks.looked


def test_a_plan_that_is_refused_leaves_the_choices(view, folder, qtbot, monkeypatch):
    def refuse(*arguments):
        raise Refused(Code.FOLDER_UNREADABLE, path=folder)

    photos = tuple(
        SuspectPhoto(folder / "daisy" / name, "d", "daisy", surplus)
        for name, surplus in (("daisy_001.jpg", False), ("again.jpg", True))
    )
    view.show_checked(Checked(folder, ("daisy", "rose"), 9, (Finding(Kind.TWIN, photos, None, 1.0),)))
    monkeypatch.setattr(clean, "plan_changes", refuse)
    page = view.page
    page.grid.selectAll()
    qtbot.keyClick(page.grid, Qt.Key.Key_Return)
    assert [one.path.name for one in page._cleaning.changes.values()] == ["again.jpg"]
    qtbot.mouseClick(page.plan_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.message.words() != "")
    assert view.pages.currentWidget() is page
    assert list(page._cleaning.changes) == [folder / "daisy" / "again.jpg"]


def test_the_keys_choose_and_the_large_view_follows(view, folder, qtbot):
    photos = [SuspectPhoto(folder / "bluebell" / "wrong.jpg", "w", "bluebell")]
    photos.append(SuspectPhoto(folder / "daisy" / "again.jpg", "a", "daisy"))
    findings = tuple(Finding(Kind.MISFILED, (one,), "sunflower", 0.5) for one in photos)
    view.show_checked(Checked(folder, ("bluebell", "daisy", "sunflower"), 9, findings))
    page = view.page
    assert page.suggestion_button.text() == "Move to sunflower"
    qtbot.keyClick(page.grid, Qt.Key.Key_Space)
    qtbot.waitUntil(page.large.isVisible)
    assert page.large.panes[0].caption.text() == "bluebell / wrong.jpg"
    qtbot.keyClick(page.large, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(page.grid.selected()) == 1, "nobody sees what else would be selected"
    qtbot.keyClick(page.large, Qt.Key.Key_Return)
    qtbot.keyClick(page.large, Qt.Key.Key_Right)
    assert page.large.panes[0].caption.text() == "daisy / again.jpg"
    qtbot.keyClick(page.large, Qt.Key.Key_Delete)
    assert [change.species for change in page._cleaning.changes.values()] == ["sunflower", None]
    assert page.summary.text() == "To another species: 1 photo. To be set aside: 1 photo."
    qtbot.keyClick(page.large, Qt.Key.Key_Escape)
    page.forget()
    qtbot.keyClick(page.grid, Qt.Key.Key_B)
    qtbot.keyClick(page.box.field, Qt.Key.Key_Return)
    assert page._cleaning.changes[photos[1].path].species == "bluebell"
    with qtbot.waitSignal(page.doubted), qtbot.waitSignal(page.settled):
        qtbot.keyClick(page.grid, Qt.Key.Key_0)
        page.move_to("sunflower")
    assert page._cleaning.right == set()


def test_a_photo_beside_others_is_as_sharp_as_its_room(view, folder, qtbot, thumbnailer, monkeypatch):
    asked: list[int] = []
    real = thumbnailer.preview
    monkeypatch.setattr(thumbnailer, "preview", lambda path, side: (asked.append(side), real(path, side))[-1])
    photo = SuspectPhoto(folder / "rose" / "a.jpg", "a", "rose")
    view.show_checked(
        Checked(folder, ("rose", "tulip"), 9, (Finding(Kind.MISFILED, (photo,), "tulip", 0.5),))
    )
    view.resize(1900, 1000)
    view.page.show_large()
    picture = view.page.large.panes[0].picture
    qtbot.waitUntil(lambda: picture.width() > 1200)
    qtbot.waitUntil(lambda: max(asked, default=0) >= picture.width())


def test_an_ampersand_in_a_name_is_no_key(view, folder):
    photo = SuspectPhoto(folder / "rose" / "a.jpg", "a", "rose")
    finding = Finding(Kind.MISFILED, (photo,), "Black & White", 0.5)
    view.show_checked(Checked(folder, ("Black & White", "rose"), 9, (finding,)))
    assert view.page.suggestion_button.shortcut().isEmpty()
    spoken = QAccessible.queryAccessibleInterface(view.page.suggestion_button)
    assert spoken.text(QAccessible.Text.Name) == "Move to Black & White"


def test_set_aside_is_shown_apart_in_the_plan_and_no_other_plan_happens(view, folder, home, qtbot):
    """Promise 8: a photo that leaves its species must not seem to stay with it."""
    names = ("daisy/again.jpg", "bluebell/wrong.jpg")
    digests = {name: digest(folder / name) for name in names}
    status = {name: (folder / name).stat() for name in names}
    looks = [
        KnownFile(folder / name, one.st_size, one.st_mtime_ns, digests[name]) for name, one in status.items()
    ]
    with Library.open(home.library_file) as library:
        library.remember_digests(looks)
    photos = [SuspectPhoto(folder / name, digests[name], name.split("/")[0]) for name in names]
    findings = tuple(Finding(Kind.MISFILED, (photo,), "daisy", 0.5) for photo in photos)
    view.show_checked(Checked(folder, ("bluebell", "daisy"), 9, findings))
    page = view.page
    page.grid.select_only(0)
    page.set_aside()
    page.grid.select_only(1)
    page.take_suggestion()
    qtbot.mouseClick(page.plan_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.pages.currentWidget() is view.plan)
    assert shown_tree(view.plan.moves) == {
        "daisy": ["1 | is there already", "wrong.jpg | was under bluebell"],
        "garden - set aside/daisy": ["1 | new folder", "again.jpg | was under daisy"],
    }
    (folder / "daisy" / "wrong.jpg").write_bytes(b"a stranger's")
    with qtbot.waitSignal(view.filed) as filed:
        qtbot.mouseClick(view.plan.go, Qt.MouseButton.LeftButton)
    statuses = {one.photo.path.name: one.status for one in filed.args[0].outcomes}
    assert statuses == {"again.jpg": Status.MOVED, "wrong.jpg": Status.FAILED}


def test_the_report_offers_what_looks_misfiled(qtbot, thumbnails):
    report = ReportView(thumbnails)
    qtbot.addWidget(report)
    one = Finding(Kind.MISFILED, (SuspectPhoto(Path("/g/rose/a.jpg"), "a", "rose"),), "tulip", 0.5)
    twins = replace(one, kind=Kind.TWIN, suggestion=None)
    checked = Checked(Path("/g"), ("rose", "tulip"), 9, (one, twins))
    report.show_suspects(checked)
    assert report.suspects_button.text() == "1 photo looks misfiled: look at it"
    report.show_suspects(replace(checked, findings=(twins,)))
    assert report.suspects_button.text() == "Some photos are there twice: look at them"
    with qtbot.waitSignal(report.suspects_requested):
        report.suspects_button.click()
    report.show_suspects(replace(checked, findings=()))
    assert report.suspects_button.isHidden()
