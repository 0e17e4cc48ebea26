"""Promise 15: two programs with two data directories on one folder."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowersorter.records import Code, Refused
from flowersorter.sorting import locks

HOLDER = """
import sys
from pathlib import Path
from flowersorter.sorting import locks
with locks.hold([Path(sys.argv[1])]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_kept_off_until_it_ends_and_nothing_is_left(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Refused) as refused, locks.hold([tmp_path / "not there", tmp_path]):
        pass
    assert refused.value.reason.code is Code.FOLDER_IN_USE
    assert refused.value.reason.arguments == {"path": tmp_path}
    holder.kill()  # a killed program holds nothing
    holder.communicate()
    with locks.hold([tmp_path]):
        assert list(tmp_path.iterdir()) == []


def test_one_folder_under_two_names_is_locked_once(tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(".")
    with locks.hold([tmp_path, tmp_path / "alias", tmp_path]):
        pass


def test_a_drive_without_locks_is_used_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locks, "lock_descriptor", refuse)
    with locks.hold([tmp_path]):
        pass


def test_an_error_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(locks, "lock_descriptor", fail)
    with pytest.raises(Refused) as refused, locks.hold([tmp_path]):
        pass
    assert refused.value.reason.code is Code.IO_ERROR
