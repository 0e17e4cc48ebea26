"""A second start hands its folder to the running window (promise 15)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from flowersorter.app import _listen
from flowersorter.ui.single_instance import FolderReceiver, hand_over
from flowersorter.ui.tasks import TaskRunner

FIRST = """
from PySide6.QtCore import QCoreApplication
from flowersorter.paths import user_home
from flowersorter.ui.single_instance import FolderReceiver
app = QCoreApplication([])
receiver = FolderReceiver(user_home())
print("listening", flush=True)
app.exec()
"""

SECOND = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from flowersorter.paths import user_home
from flowersorter.ui.single_instance import hand_over
app = QCoreApplication([])
folder = Path(os.fsdecode(bytes.fromhex(sys.argv[1]))) if len(sys.argv) > 1 else None
sys.exit(0 if hand_over(user_home(), folder) else 3)
"""


@pytest.fixture
def receiver(home, qapp):
    made = FolderReceiver(home)
    yield made
    made.close()


def start_second(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", SECOND, *arguments])


@pytest.mark.parametrize("name", [b"/photos/garden", b"/photos/ros\xe9"])
def test_the_folder_arrives_in_any_bytes(receiver, qtbot, name):
    """Promise 12: names need not be UTF-8."""
    with qtbot.waitSignal(receiver.received, timeout=20_000) as received:
        second = start_second(name.hex())
    assert os.fsencode(received.args[0]) == name
    assert second.wait(20) == 0


def test_a_start_without_a_folder_calls_the_window_forward(receiver, qtbot):
    with qtbot.waitSignal(receiver.received, timeout=20_000) as received:
        second = start_second()
    assert received.args == [None]
    assert second.wait(20) == 0


def test_a_window_that_is_closing_takes_no_folder(window, home):
    """It would go with the window, and the second start would have ended."""
    closing, answers = Event(), []

    def second_start(_report):
        assert closing.wait(20)
        answers.append(hand_over(home, Path("/photos")))

    receiver = _listen(home, window)
    window.closing.connect(closing.set)
    task = TaskRunner(second_start, window)
    task.start()
    window.close()
    receiver.close()
    assert answers == [False]


def test_without_a_window_nobody_answers(home, qapp):
    assert not hand_over(home, Path("/photos"))


def test_a_name_left_over_by_a_killed_program_is_no_hindrance(home, qtbot):
    killed = subprocess.Popen([sys.executable, "-c", FIRST], stdout=subprocess.PIPE)
    assert killed.stdout.readline() == b"listening\n"
    killed.kill()
    killed.communicate()
    receiver = FolderReceiver(home)
    with qtbot.waitSignal(receiver.received, timeout=20_000):
        second = start_second(b"/photos".hex())
    assert second.wait(20) == 0
    receiver.close()
