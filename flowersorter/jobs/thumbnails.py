"""Thumbnails and large views for the window: from the cache, or decoded in a child process."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flowersorter.jobs.caches import cache_limits
from flowersorter.library import KnownFile, Library
from flowersorter.paths import Home
from flowersorter.pictures.decode import Look, Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.pictures.thumbnails import ThumbnailStore
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings

THUMBNAIL_SIDE = 320  # pixels of the long side, the only size that is kept


class Thumbnailer:
    """Blocking look-ups, for threads of the window's own. Close it when the window closes."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self._home = home
        self._store = ThumbnailStore(home.thumbnails_file, cache_limits(settings).thumbnail_bytes)
        self._pool = PicturePool(workers=1)  # its child starts at the first miss: a sorted folder needs none

    def thumbnail(self, path: Path, digest: str | None) -> bytes:
        """The upright thumbnail of a photo as JPEG, its long side at most 320 pixels.

        Raises `Refused` with the photo's problem where it cannot be read.
        """
        if digest is None:  # a filed photo was not classified, but may have been seen before
            with suppress(Refused), Library.open(self._home.library_file) as library:
                digest = library.known_digest(path)
        cached = None if digest is None else self._store.get(digest, THUMBNAIL_SIDE)
        if cached is not None:
            return cached
        look = self._look(path, Wanted(thumbnail_side=THUMBNAIL_SIDE))
        if look.digest is None or look.thumbnail is None:
            raise Refused(Code.UNREADABLE)
        self._store.put(look.digest, THUMBNAIL_SIDE, look.thumbnail)
        # else it is read again another time
        with suppress(Refused), Library.open(self._home.library_file) as library:
            library.remember_digests([KnownFile(path, look.size, look.mtime_ns, look.digest)])
        return look.thumbnail

    def preview(self, path: Path, long_side: int) -> NDArray[np.uint8]:
        """The upright photo, H×W×3 RGB uint8, its long side at most `long_side`. Raises `Refused`."""
        look = self._look(path, Wanted(long_side=long_side))
        if look.pixels is None:
            raise Refused(Code.UNREADABLE)
        return look.pixels

    def close(self) -> None:
        """End the child process; what it looks at ends, too, and nothing is looked at any more."""
        self._pool.close()
        self._store.close()

    def _look(self, path: Path, wanted: Wanted) -> Look:
        look = self._pool.look(path, wanted)
        if look.problem is not None:
            raise Refused.because(look.problem)
        return look
