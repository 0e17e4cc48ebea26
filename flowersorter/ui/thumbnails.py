"""Thumbnails for the grid: fetched off the GUI thread, what is looked at now first."""

from __future__ import annotations

import logging
from collections import OrderedDict
from pathlib import Path
from threading import Condition, Lock
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtGui import QImage, QPixmap

from flowersorter.paths import Home
from flowersorter.records import Refused
from flowersorter.settings import Settings
from flowersorter.ui.newest import Newest

if TYPE_CHECKING:  # numpy is not needed before the first photo
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_WAITING_LIMIT: Final = 400  # requests; older ones were scrolled past
_PIXMAPS_BYTES: Final = 192 * 2**20
_THREADS: Final = 2  # one decodes while the other serves from the cache


class Thumbnailer(Protocol):
    """What `jobs.thumbnails.Thumbnailer` offers; both calls block and raise `Refused`."""

    def thumbnail(self, path: Path, digest: str | None) -> bytes: ...

    def preview(self, path: Path, long_side: int) -> NDArray[np.uint8]: ...

    def close(self) -> None: ...


class LateThumbnailer:
    """The jobs' thumbnailer, made by the first thread that needs it: it opens files."""

    def __init__(self, home: Home, settings: Settings) -> None:
        self._home = home
        self._settings = settings
        self._made: Thumbnailer | None = None
        self._lock = Lock()

    def thumbnail(self, path: Path, digest: str | None) -> bytes:
        return self._thumbnailer().thumbnail(path, digest)

    def preview(self, path: Path, long_side: int) -> NDArray[np.uint8]:
        return self._thumbnailer().preview(path, long_side)

    def close(self) -> None:
        with self._lock:
            if self._made is not None:
                self._made.close()

    def _thumbnailer(self) -> Thumbnailer:
        with self._lock:
            if self._made is None:
                from flowersorter.jobs import thumbnails

                self._made = thumbnails.Thumbnailer(self._home, self._settings)
            return self._made


class Thumbnails(QObject):
    """Pixmaps by path. `pixmap` answers at once; `ready` says when one that was missing is there."""

    ready = Signal(object)  # Path

    def __init__(self, thumbnailer: Thumbnailer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnailer = thumbnailer
        self._pixmaps: OrderedDict[Path, QPixmap] = OrderedDict()
        self._bytes = 0
        self._failed: set[Path] = set()
        self._queue = _Queue()
        self._fetchers = [_Fetcher(thumbnailer, self._queue, self) for _ in range(_THREADS)]
        for fetcher in self._fetchers:
            fetcher.fetched.connect(self._take)
            fetcher.start()

    def pixmap(self, path: Path, digest: str | None) -> QPixmap | None:
        """The upright thumbnail, or None while it is on its way or cannot be made."""
        found = self._pixmaps.get(path)
        if found is not None:
            self._pixmaps.move_to_end(path)
            return found
        if path not in self._failed:
            self._queue.put(path, digest)
        return None

    def previews(self, parent: QObject) -> Previews:
        """Large pictures by the same thumbnailer, for a page of its own."""
        return Previews(self._thumbnailer, parent)

    def failed(self, path: Path) -> bool:
        """Whether there is no thumbnail to be had."""
        return path in self._failed

    def forget(self) -> None:
        """Drop everything: the folder was closed."""
        self._queue.clear()
        self._pixmaps.clear()
        self._failed.clear()
        self._bytes = 0

    def close(self) -> None:
        """Stop the threads. The thumbnailer is closed first: that ends a decode that takes long."""
        self._queue.stop()
        self._thumbnailer.close()
        for fetcher in self._fetchers:
            fetcher.wait()

    def _take(self, path: Path, image: QImage) -> None:
        if image.isNull():
            self._failed.add(path)
        else:
            pixmap = QPixmap.fromImage(image)
            before = self._pixmaps.pop(path, None)
            self._pixmaps[path] = pixmap
            self._bytes += _size(pixmap) - (0 if before is None else _size(before))
            while self._bytes > _PIXMAPS_BYTES and len(self._pixmaps) > 1:
                _path, oldest = self._pixmaps.popitem(last=False)
                self._bytes -= _size(oldest)
        self.ready.emit(path)


class Previews(QObject):
    """Large pictures, one at a time: a newer wish replaces one that waits."""

    ready = Signal(object, object)  # Path, QImage or the Exception that says why there is none

    def __init__(self, thumbnailer: Thumbnailer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._newest = Newest(lambda wish: _as_image(thumbnailer.preview(*wish)), self)
        self._newest.succeeded.connect(lambda wish, image: self.ready.emit(wish[0], image))
        self._newest.failed.connect(lambda wish, error: self.ready.emit(wish[0], error))

    def fetch(self, path: Path, long_side: int) -> None:
        """Ask for a picture whose long side has at most `long_side` pixels; `ready` answers."""
        self._newest.ask((path, long_side))

    def close(self) -> None:
        self._newest.close()


class _Queue:
    """Last in, first out, bounded: the oldest request is dropped, and asked for again when painted."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Path, str | None] = OrderedDict()
        self._busy: set[Path] = set()
        self.stopped = False
        self._change = Condition()

    def put(self, path: Path, digest: str | None) -> None:
        with self._change:
            if path in self._busy:
                return
            self._waiting[path] = digest
            self._waiting.move_to_end(path)
            if len(self._waiting) > _WAITING_LIMIT:
                self._waiting.popitem(last=False)
            self._change.notify()

    def take(self) -> tuple[Path, str | None] | None:
        """Wait for the newest request. None when it is time to stop."""
        with self._change:
            self._change.wait_for(lambda: self.stopped or self._waiting)
            if self.stopped:
                return None
            path, digest = self._waiting.popitem()
            self._busy.add(path)
            return path, digest

    def done(self, path: Path) -> None:
        with self._change:
            self._busy.discard(path)

    def clear(self) -> None:
        with self._change:
            self._waiting.clear()

    def stop(self) -> None:
        with self._change:
            self.stopped = True
            self._waiting.clear()
            self._change.notify_all()


class _Fetcher(QThread):
    fetched = Signal(object, object)  # Path, QImage (null: there is none)

    def __init__(self, thumbnailer: Thumbnailer, queue: _Queue, parent: QObject) -> None:
        super().__init__(parent)
        self._thumbnailer = thumbnailer
        self._queue = queue

    def run(self) -> None:
        while (request := self._queue.take()) is not None:
            path, digest = request
            try:
                image = QImage.fromData(self._thumbnailer.thumbnail(path, digest))
            except Refused:
                image = QImage()  # the grid says that there is none, and classifying has said why
            except Exception:
                if self._queue.stopped:
                    return  # the caches were closed under this request
                logger.exception("no thumbnail of %s", path)
                image = QImage()
            self.fetched.emit(path, image)
            self._queue.done(path)


def _size(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4


def _as_image(pixels: NDArray[np.uint8]) -> QImage:
    height, width, _channels = pixels.shape
    # copied, because QImage does not keep the bytes alive
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
