"""A task tells how far it is some times a second, and nothing after its end."""

from __future__ import annotations

from threading import Event

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from flowersorter.progress import Progress, Report, Stage
from flowersorter.ui.tasks import TaskRunner

MANY = 20_000


def count_to(number: int, report: Report) -> None:
    for done in range(number):
        report(Progress(Stage.MOVING, done, number))


def test_quick_work_does_not_flood_the_window(qtbot: QtBot) -> None:
    may_end = Event()

    def work(report: Report) -> str:
        count_to(MANY, report)
        may_end.wait(60)
        return "done"

    owner = QObject()
    task = TaskRunner(work, owner)
    told: list[Progress] = []
    task.progressed.connect(told.append)
    task.start()
    # the last report comes through although the work is silent after it
    qtbot.waitUntil(lambda: bool(told) and told[-1].done == MANY - 1, timeout=60_000)
    assert len(told) < MANY / 10
    with qtbot.waitSignal(task.succeeded) as end:
        may_end.set()
    assert end.args == ["done"]
    task.wait()


def test_partial_results_all_come_through(qtbot: QtBot) -> None:
    def work(report: Report) -> None:
        for number in range(1_000):
            report(number)
            report(Progress(Stage.READING, number))

    owner = QObject()
    task = TaskRunner(work, owner)
    parts: list[int] = []
    task.partial.connect(parts.append)
    with qtbot.waitSignal(task.succeeded, timeout=60_000):
        task.start()
    assert parts == list(range(1_000))
    task.wait()


def test_nothing_is_told_of_the_work_after_its_end(qtbot: QtBot) -> None:
    owner = QObject()
    task = TaskRunner(lambda report: count_to(MANY, report), owner)
    events: list[object] = []
    task.progressed.connect(events.append)
    task.succeeded.connect(lambda _: events.append("end"))
    with qtbot.waitSignal(task.finished, timeout=60_000):
        task.start()
        task.wait()  # all that it has to tell waits for the window now
    task._pass_on()
    assert events == ["end"]
