"""Promise 3 without our own seam: SIGKILL at every k-th call to the system, by strace."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.scenarios import Scenario, Stage
from support.tally import TALLY

CALLS = "renameat2,linkat,unlink,mkdir,rmdir,fsync,fdatasync,pwrite64,ftruncate,utimensat,chmod"
STRIDE = 3  # a start of Python costs a fifth of a second

SORT = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from support.garden import Garden
from support.primitives import disk
from support.scenarios import not_the_strangers
garden = Garden(Path(sys.argv[3]), Path(sys.argv[3]), Path(sys.argv[4]))
with disk(sys.argv[5]):
    garden.sort(rule=not_the_strangers)
"""


@pytest.mark.parametrize("way", ["rename", "disks"])
def test_sigkill_at_every_kth_system_call(way: str, fast_folder: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    stage = Stage(Scenario(way, "sort"), fast_folder)
    tests = Path(__file__).parents[1]
    run = [sys.executable, "-c", SORT, tests, tests.parent, stage.garden.root, stage.garden.journal_file, way]
    kill = 1
    while True:
        inject = f"inject={CALLS}:signal=SIGKILL:when={kill}"
        traced = [strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}", "-e", inject, *run]
        done = subprocess.run(traced, capture_output=True, text=True)
        if done.returncode == 0:
            break
        if done.returncode == 1 and "ptrace" in done.stderr:
            pytest.skip("this machine allows no tracing")
        assert "Traceback" not in done.stderr, done.stderr
        stage.lost_nothing()
        stage.check_recovered()
        stage.set_up()
        kill += STRIDE
        TALLY["SIGKILLs at system calls"] += 1
    assert kill > 4 * STRIDE
