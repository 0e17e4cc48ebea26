"""The table of what was tried, at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.disks import memory_folder
from support.tally import ROWS, TALLY

from flowersorter.sorting import journal_pages


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that needs no time to sync."""
    with memory_folder(fallback=tmp_path) as folder:
        yield folder


@pytest.fixture(autouse=True, scope="package")
def small_pages() -> Iterator[None]:
    """The journal's pages end within the small batches of these tests, as they do within real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_pages, "_PHOTOS", 2)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TALLY:
        return
    terminalreporter.section("faults")
    for row in ROWS:
        terminalreporter.write_line(f"{row:<26}{TALLY[row]:>8}")
