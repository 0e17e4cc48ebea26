"""The table of what was tried, at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.disks import memory_folder
from support.tally import ROWS, TALLY


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that needs no time to sync."""
    with memory_folder(fallback=tmp_path) as folder:
        yield folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TALLY:
        return
    terminalreporter.section("faults")
    for row in ROWS:
        terminalreporter.write_line(f"{row:<26}{TALLY[row]:>8}")
