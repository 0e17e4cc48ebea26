"""Take originals away without waiting until their disk has freed what they took."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from flowersorter.sorting import fileops
from flowersorter.sorting.volumes import Volumes

_WORTH: Final = 1 << 20  # bytes: less is freed soon enough
_OPEN: Final = 64  # files at a time


class Remover:
    """Removes originals whose copies are secured.

    The name is gone at once. The disk frees the bytes when the last descriptor of them is closed, and for
    4 MB that takes a third of the time of the copy: so a thread closes it, beside the next copies.
    """

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes
        self._thread = ThreadPoolExecutor(1, "free")
        self._closing: list[Future[None]] = []

    def remove(self, original: Path, copy: Path, size: int) -> None:
        """Take the name of `original`, a file of `size` bytes, away. Raises OSError."""
        descriptor = _opened(original) if self._may_wait(original, copy, size) else None
        try:
            fileops.remove(original)
        finally:
            if descriptor is not None:
                self._closing.append(self._thread.submit(_close, descriptor))

    def wait(self) -> None:
        """Return when everything is freed, so that the disk can be unmounted."""
        for one in self._closing:
            one.result()
        self._closing.clear()

    def _may_wait(self, original: Path, copy: Path, size: int) -> bool:
        self._closing = [one for one in self._closing if not one.done()]
        here, there = original.parent, copy.parent
        return (
            size >= _WORTH
            and len(self._closing) < _OPEN
            and self._volumes.of(here).frees_orphans
            and not self._volumes.same(here, there)  # there the next copies need the space
        )


def _opened(path: Path) -> int | None:
    try:
        return fileops.system.open(path)
    except OSError:
        return None  # then the removal waits, or says what is wrong


def _close(descriptor: int) -> None:
    with suppress(OSError):  # nothing can be wrong with bytes that nobody has a name for
        os.close(descriptor)
