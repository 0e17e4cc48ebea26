"""A signal closes the window politely."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from flowersorter.ui.interrupts import Interrupts

WINDOW = """
import sys
from flowersorter import app
from flowersorter.paths import user_home
app.MainWindow.start = lambda _window: (print("up", flush=True),)
sys.exit(app.run_window(user_home(), None))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_while_nothing_happens(qtbot, number):
    heard = []
    before = signal.getsignal(number)
    interrupts = Interrupts(lambda: heard.append(number))
    try:
        os.kill(os.getpid(), number)
        assert heard == [], "what is being done now goes on to its end"
        qtbot.waitUntil(lambda: heard == [number])
    finally:
        interrupts.close()
    assert signal.getsignal(number) is before


def test_a_window_ends_with_status_zero(home):
    """The lock and the socket go with it: the next start is the first again."""
    for _start in range(2):
        window = subprocess.Popen([sys.executable, "-c", WINDOW], stdout=subprocess.PIPE)
        assert window.stdout.readline() == b"up\n"
        window.send_signal(signal.SIGINT)
        with window.stdout:
            assert window.wait(60) == 0


def test_a_defect_is_kept_in_the_log(home):
    """A window that was started by double-click has no terminal."""
    report = "(logging.getLogger('here').error('a defect'), "
    broken = WINDOW.replace("lambda _window: (", f"lambda _window: {report}")
    broken = broken.replace("import sys\n", "import logging, sys\nsys.stderr = None\n")
    window = subprocess.Popen([sys.executable, "-c", broken], stdout=subprocess.PIPE)
    assert window.stdout.readline() == b"up\n"
    window.send_signal(signal.SIGINT)
    with window.stdout:
        assert window.wait(60) == 0
    assert "ERROR here: a defect" in home.log_file.read_text("utf-8")
