"""One instance per data directory, whatever happens to it (promise 15)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from flowersorter.jobs.instance import hold
from flowersorter.paths import Home
from flowersorter.records import Code, Refused

HOLDER = """
import sys
from flowersorter.jobs.instance import hold
from flowersorter.paths import user_home
with hold(user_home()):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_one_is_refused_until_the_first_is_gone(home: Home) -> None:
    first = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert first.stdout is not None
    assert first.stdin is not None
    with first:
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(Refused) as refusal, hold(home):
            pass
        assert refusal.value.reason.code is Code.ANOTHER_INSTANCE
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        with hold(home):
            pass


def test_it_is_free_again_after_an_error(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), hold(home):
        1 / 0  # noqa: B018 - any error
    with hold(home):
        pass
