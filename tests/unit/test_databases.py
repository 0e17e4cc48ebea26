"""Two that open a new file at once wait for each other."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from flowersorter.databases import log_ahead


def _open(file: Path, timeout: float = 20.0) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=timeout, isolation_level=None, check_same_thread=False)


def test_the_switch_waits_for_another_writer(tmp_path: Path) -> None:
    """SQLite itself gives up at once here, and then a task of the window failed."""
    writer, switching = _open(tmp_path / "new.sqlite"), _open(tmp_path / "new.sqlite")
    waits = Event()
    switching.set_trace_callback(lambda statement: waits.set() if "EXCLUSIVE" in statement else None)
    writer.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as threads:
        switch = threads.submit(log_ahead, switching)
        try:
            assert waits.wait(20), switch.exception(0)
        finally:
            writer.execute("COMMIT")
        switch.result(20)
    assert switching.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    writer.close()
    switching.close()


def test_it_does_not_wait_for_ever(tmp_path: Path) -> None:
    writer, switching = _open(tmp_path / "new.sqlite"), _open(tmp_path / "new.sqlite", timeout=0)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        log_ahead(switching)
    writer.close()
    switching.close()
