"""A garden for the tests of moving."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.disks import memory_folder
from support.garden import Garden


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a disk: these tests sync to it thousands of times."""
    with memory_folder(fallback=tmp_path) as folder:
        yield folder


@pytest.fixture
def garden(tmp_path: Path) -> Garden:
    """An empty folder to sort into itself, with a journal beside it."""
    return Garden.lay_out(tmp_path)
