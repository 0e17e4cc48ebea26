"""Disks for tests: one in memory is quick to sync, and another disk than the temporary folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - the folders made in it have names of their own


@contextmanager
def memory_folder(fallback: Path) -> Iterator[Path]:
    """A new folder in memory, removed at the end; `fallback` where the system has no such disk."""
    if not os.access(_MEMORY, os.W_OK):
        yield fallback
        return
    folder = Path(tempfile.mkdtemp(prefix="flowersorter-test-", dir=_MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
