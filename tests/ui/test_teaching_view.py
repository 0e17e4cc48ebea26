"""The Teach page from the folder to the report. Learning is faked here; tests/e2e runs the real one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from support.pictures import draw_library
from support.tree_texts import shown

from flowersorter.jobs import teach as teach_job
from flowersorter.jobs.clean import Checked
from flowersorter.jobs.teach import Taught, TeachingStarted, TeachRequest
from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.compare import Comparison
from flowersorter.learning.dataset import Labelled
from flowersorter.learning.evaluate import Answer, Epoch, validate
from flowersorter.learning.suspects import Finding, Kind, SuspectPhoto
from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Code, Left, Reason, Refused
from flowersorter.ui import teaching_view
from flowersorter.ui.tasks import TaskRunner, end_tasks
from flowersorter.ui.teaching_setup import TeachingSetup
from flowersorter.ui.teaching_view import TeachingView

pytestmark = pytest.mark.usefixtures("no_builtin_model")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "my flowers"
    draw_library(made, per_species=2, size=(64, 48))
    (made / "empty").mkdir()
    (made / "notes.txt").write_text("not a photo")
    (made / "rose" / "old ones").mkdir()
    return made


@pytest.fixture
def view(qtbot, home, store, thumbnails, downloaded):
    made = TeachingView(home, store, thumbnails)
    qtbot.addWidget(made, before_close_func=end_tasks)
    return made


@pytest.fixture
def ready(view, folder, qtbot):
    """The page with a folder looked into and weights found."""
    with qtbot.waitSignal(view.setup.choices.weights.changed):
        view.look_into(folder)
    qtbot.waitUntil(lambda: view.setup.start_button.isEnabled() and not view.busy)
    return view


def learn_with(monkeypatch, work: Callable[[TeachRequest, Report], Taught]) -> list[TeachRequest]:
    requests: list[TeachRequest] = []

    def teach(home: object, settings: object, request: TeachRequest, report: Report) -> Taught:
        requests.append(request)
        return work(request, report)

    monkeypatch.setattr(teaching_view, "teach", teach)
    return requests


def succeed(request: TeachRequest, report: Report) -> Taught:
    species = ("daisy", "rose")
    report(Progress(Stage.STARTING))
    report(TeachingStarted("imagenet", "cpu (2 threads)", 4, species))
    report(Left(Path("/x/bad.jpg"), Reason(Code.UNREADABLE)))
    epochs = (Epoch(1.5, 0.5, 1.6, 0.4), Epoch(0.8, 0.8, 1.0, 0.7))
    for epoch in epochs:
        report(epoch)
    answers = (Answer(Path("/x/a.jpg"), "rose", "rose", 0.9, "a", in_top3=True),)
    info = ModelInfo(
        request.name, 1, Path("/m"), "2026-05-01T10:00:00+00:00", species, 4, request.method, "imagenet",
        "ab", "cd", 1.0, None, "0.1",
    )  # fmt: skip
    return Taught(info, epochs, validate(answers, species), answers, (), "cpu (2 threads)", 1.0)


def never_end(request: TeachRequest, report: Report) -> Taught:
    while True:
        report(Progress(Stage.TRAINING, 1, 10))


def fail(request: TeachRequest, report: Report) -> Taught:
    raise Refused(Code.DISK_FULL)


def test_the_folder_is_listed_before_anything_is_learned(ready):
    setup = ready.setup
    assert setup.found_words.text() == "10 photos of 5 species"
    assert list(shown(setup.species)) == ["bluebell", "daisy", "rose", "sunflower", "tulip"]
    assert shown(setup.species)["rose"][0] == "2 | more photos would help"
    problems = shown(setup.problems)
    assert problems["Folders without photos"] == ["1", "empty"]
    assert problems["Folders inside a species folder: not used"] == ["1", "old ones"]
    assert problems["Outside the species folders, or no photos: not used"] == ["1", "notes.txt"]


def test_a_folder_that_cannot_be_taught_costs_one_sentence(view, tmp_path, qtbot):
    (tmp_path / "empty").mkdir()
    view.look_into(tmp_path / "empty")
    qtbot.waitUntil(lambda: view.setup.message.words() != "")
    assert view.setup.message.words() == f"There are no photos in “{tmp_path / 'empty'}”."
    assert view.setup.folder_button.isVisibleTo(view)


def test_a_dropped_folder_is_looked_into(view, folder, qtbot):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    drop = QDropEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with qtbot.waitSignal(view.setup.folder_chosen) as chosen:
        view.setup.dropEvent(drop)
    assert chosen.args == [folder]
    qtbot.waitUntil(lambda: not view.busy)


def test_another_folder_that_is_chosen_while_it_looks_is_looked_into(view, folder, qtbot, monkeypatch):
    begun, looked, look = Event(), [], teaching_view.inspect

    def inspect(chosen: Path, report: Report) -> Labelled:
        looked.append(chosen)
        while chosen != folder:
            begun.set()
            report(Progress(Stage.SCANNING))
        return look(chosen, report)

    monkeypatch.setattr(teaching_view, "inspect", inspect)
    view.look_into(folder.parent / "huge")
    qtbot.waitUntil(begun.is_set)
    view.setup.folder_chosen.emit(folder)
    qtbot.waitUntil(lambda: not view.busy)
    assert view.setup.folder() == folder
    assert looked == [folder.parent / "huge", folder]


def test_it_starts_with_what_was_chosen(ready, folder, qtbot, monkeypatch):
    requests = learn_with(monkeypatch, succeed)
    ready.setup.choices.name.setText(" My garden ")
    ready.setup.choices.method.choose("recipe")
    ready.setup.choices.device.setCurrentIndex(1)
    with qtbot.waitSignal(ready.taught):
        ready.setup.start_button.click()
    assert requests == [TeachRequest(folder, "My garden", "imagenet", "recipe", "cpu")]


def test_a_model_needs_a_name_and_weights(ready):
    ready.setup.choices.name.setText("  ")
    assert not ready.setup.start_button.isEnabled()
    assert ready.setup.start_words.text() == "Give the model a name."
    ready.setup.choices.name.setText("garden")
    assert ready.setup.start_button.isEnabled()


def test_the_curves_are_live_and_the_report_follows(ready, store, qtbot, monkeypatch):
    learn_with(monkeypatch, succeed)
    with qtbot.waitSignal(ready.taught) as taught:
        ready.setup.start_button.click()
        lesson = ready.pages.currentWidget()
    assert list(lesson.curves.epochs()) == list(taught.args[0].epochs)
    assert "2 species, 4 photos. It runs on the processor (2 threads)." in lesson.facts.text()
    assert lesson.unreadable.text().startswith("1 photo cannot be read and is left out")
    report = ready.pages.currentWidget()
    assert report.headline.text() == "It names 100 of 100 photos correctly."
    assert store.values.model == "my flowers", "the new model is the one in use"
    with qtbot.waitSignal(ready.sort_requested):
        report.sort_button.click()


def test_stopping_leaves_the_earlier_model_in_force(ready, store, qtbot, monkeypatch):
    """Promise 20: retraining never harms the model in use."""
    learn_with(monkeypatch, never_end)
    ready.setup.start_button.click()
    lesson = ready.pages.currentWidget()
    assert lesson is not ready.setup
    lesson.progress.cancel_button.click()
    qtbot.waitUntil(lambda: not ready.busy)
    assert ready.pages.currentWidget() is ready.setup
    assert ready.setup.message.words().endswith("the earlier model is still in use.")
    assert store.values.model == "my garden"


def test_a_failure_leaves_the_earlier_model_in_force(ready, store, qtbot, monkeypatch):
    """Promise 20: retraining never harms the model in use."""
    learn_with(monkeypatch, fail)
    ready.setup.start_button.click()
    qtbot.waitUntil(lambda: not ready.busy)
    assert ready.setup.message.words() == "The disk is full. Free some space and try again."
    assert store.values.model == "my garden"
    assert ready.setup.start_button.isEnabled(), "it can be tried again at once"


def test_one_teaching_at_a_time(ready, folder, qtbot, monkeypatch):
    requests = learn_with(monkeypatch, never_end)
    ready.setup.start_button.click()
    ready.start(TeachRequest(folder))
    ready.look_into(folder)
    ready.cancel()
    qtbot.waitUntil(lambda: not ready.busy)
    assert len(requests) == 1


def test_what_looks_misfiled_in_an_earlier_folder_is_not_offered_by_a_later_report(
    ready, qtbot, monkeypatch, tmp_path
):
    learn_with(monkeypatch, succeed)
    go_on, told = Event(), []

    def look(_home: object, folder: Path, _answers: object, _report: Report) -> Checked:
        if folder.name == "a":
            assert go_on.wait(20)
        photo = SuspectPhoto(folder / "daisy" / "wrong.jpg", "w", "daisy")
        finding = Finding(Kind.MISFILED, (photo,), "rose", 0.5)
        return Checked(folder, ("daisy", "rose"), 9, (finding,) if folder.name == "a" else ())

    monkeypatch.setattr(teaching_view, "look_at_answers", look)
    for name in "ab":
        with qtbot.waitSignal(ready.taught):
            ready.start(TeachRequest(tmp_path / name))
    qtbot.waitUntil(lambda: ready._checked is not None)
    tasks = ready.findChildren(TaskRunner)
    for task in tasks:
        task.succeeded.connect(told.append)
    go_on.set()
    qtbot.waitUntil(lambda: any(isinstance(one, Checked) and one.findings for one in told))
    assert ready._report.suspects_button.isHidden()


def worse(request: TeachRequest, report: Report) -> Taught:
    taught = succeed(request, report)
    earlier = replace(taught.info, version=1)
    comparison = Comparison(earlier, 40, (), taught.answers, -0.2, (-0.3, -0.1), taken=False)
    return replace(taught, info=replace(taught.info, version=2), comparison=comparison)


def test_a_worse_model_does_not_replace_the_one_in_use(ready, monkeypatch, qtbot, store):
    """Promise 20; and one click takes it all the same."""
    store.change(model="roses")
    learn_with(monkeypatch, worse)
    used: list[tuple[str, int]] = []
    monkeypatch.setattr(teaching_view, "use_version", lambda _home, *chosen: used.append(chosen))
    with qtbot.waitSignal(ready.taught):
        ready.setup.start_button.click()
    assert store.values.model == "roses"
    with qtbot.waitSignal(ready.taught):
        ready._report.comparison.use_button.click()
    assert used == [("my flowers", 2)]
    assert store.values.model == "my flowers"


def test_the_method_is_remembered(ready, monkeypatch, qtbot, store):
    requests = learn_with(monkeypatch, succeed)
    ready.setup.choices.method.choose("recipe")
    with qtbot.waitSignal(ready.taught):
        ready.setup.start_button.click()
    assert requests[0].method == "recipe"
    assert store.values.method == "recipe"


def test_it_looks_twice_where_that_was_chosen(ready, monkeypatch, qtbot):
    requests = learn_with(monkeypatch, succeed)
    ready.setup.choices.looks.setCurrentIndex(1)
    with qtbot.waitSignal(ready.taught):
        ready.setup.start_button.click()
    assert requests[0].views == 2


def test_the_plain_recipe_looks_once(ready):
    ready.setup.choices.looks.setCurrentIndex(1)
    ready.setup.choices.method.choose("recipe")
    assert (ready.setup.choices.looks.currentData(), ready.setup.choices.looks.isEnabled()) == (1, False)
    ready.setup.choices.method.choose("head")
    assert ready.setup.choices.looks.isEnabled()


def test_learning_more_deeply_says_how_long_it_takes(home, downloaded, store, qtbot, monkeypatch, folder):
    """The time is worked out for the folder, the base and the device."""
    asked: list[TeachRequest] = []

    def estimate(_home: object, _settings: object, request: TeachRequest, report: Report) -> float:
        asked.append(request)
        return 600.0

    monkeypatch.setattr(teach_job, "estimate", estimate)
    setup = TeachingSetup(home, store)
    qtbot.addWidget(setup, before_close_func=end_tasks)
    setup.show_labelled(teach_job.inspect(folder))
    qtbot.waitUntil(lambda: setup.choices.weights.base() is not None)
    assert asked == []
    setup.choices.method.choose("finetune")
    qtbot.waitUntil(lambda: setup.choices.method.estimate.text() == "About 10 minutes on this computer.")
    assert [request.method for request in asked] == ["finetune"]
    setup.choices.method.choose("head")
    assert setup.choices.method.estimate.text() == ""
