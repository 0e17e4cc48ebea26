"""One FlowerSorter at a time changes the files of one data directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from flowersorter.paths import Home
from flowersorter.records import Code, Refused


@contextmanager
def hold(home: Home) -> Iterator[None]:
    """Be the one instance while the context lasts. Raises `Refused` (ANOTHER_INSTANCE).

    The lock is the operating system's: it ends with the process, however that ends.
    """
    home.make()
    lock = FileLock(home.lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Refused(Code.ANOTHER_INSTANCE) from None
    try:
        yield
    finally:
        lock.release()
