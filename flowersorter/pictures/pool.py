"""Looking at photos in child processes: a hostile picture costs itself and one replaced child."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from queue import LifoQueue
from types import TracebackType
from typing import Self

from flowersorter.pictures.child import Child, Decoder, Limits
from flowersorter.pictures.decode import Look, Wanted, look_at, unread
from flowersorter.records import Code, Reason

SECONDS_PER_PICTURE = 20.0
MEMORY_LIMIT = 1_000_000_000  # the largest file and the largest decoding that are let in, together
MAX_WORKERS = 8
_AHEAD = 3  # photos per child that `looks` reads ahead
_PULSE_SECONDS = 0.2

Pulse = Callable[[], None]


def no_pulse() -> None:
    """The pulse of work that nobody can stop."""


class PicturePool:
    """Child processes that decode photos; a context manager, usable from several threads.

    Children start when they are first needed, import neither torch nor Qt, and end with the pool, with
    the process that made it, or when a picture exceeds `seconds_per_picture` or `memory_limit` (bytes).
    ``workers`` defaults to the number of processors, at most 8.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        seconds_per_picture: float = SECONDS_PER_PICTURE,
        memory_limit: int = MEMORY_LIMIT,
        decoder: Decoder = look_at,
    ) -> None:
        self.workers = workers or min(MAX_WORKERS, os.cpu_count() or 1)
        limits = Limits(seconds_per_picture, memory_limit)
        self._children = [Child(decoder, limits) for _ in range(self.workers)]
        self._closed = False
        # last in, first out: a single look after the other keeps one child busy and starts no second
        self._idle: LifoQueue[Child] = LifoQueue()
        for child in self._children:
            self._idle.put(child)
        self._threads = ThreadPoolExecutor(self.workers, "picture", initializer=_leave_interrupts_to_others)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop at once, also in the middle of a picture; photos that wait get Code.CANCELLED."""
        self._closed = True
        for child in self._children:
            child.stop()
        self._threads.shutdown()  # what waits goes through: a stopped child cancels it at once
        for child in self._children:
            child.join()

    def submit(self, path: Path, wanted: Wanted) -> Future[Look]:
        """Look at a photo when a child is free. Cancelling the future of a photo being read has no effect."""
        try:
            return self._threads.submit(self._look, path, wanted)
        except RuntimeError:
            if not self._closed:
                raise
            future: Future[Look] = Future()  # another thread closed the pool: the window's last thumbnails
            future.set_result(unread(path, Reason(Code.CANCELLED)))
            return future

    def look(self, path: Path, wanted: Wanted, pulse: Pulse = no_pulse) -> Look:
        """Look at one photo and wait for it. `pulse` is called while waiting and may raise to stop."""
        return _result(self.submit(path, wanted), pulse)

    def looks(self, paths: Iterable[Path], wanted: Wanted, pulse: Pulse = no_pulse) -> Iterator[Look]:
        """Look at photos, reading a few ahead; looks come in the order of `paths`.

        ``pulse`` is called at least five times a second while a slow picture is waited for, and may
        raise (`Cancelled`) to stop.
        """
        remaining = iter(paths)
        waiting: deque[Future[Look]] = deque()

        def read_ahead() -> None:
            for path in islice(remaining, _AHEAD * self.workers - len(waiting)):
                waiting.append(self.submit(path, wanted))

        try:
            read_ahead()
            while waiting:
                look = _result(waiting[0], pulse)
                waiting.popleft()
                read_ahead()
                yield look
        finally:
            for future in waiting:
                future.cancel()

    def _look(self, path: Path, wanted: Wanted) -> Look:
        child = self._idle.get()
        try:
            return child.look(path, wanted)
        finally:
            self._idle.put(child)


def _result(future: Future[Look], pulse: Pulse) -> Look:
    while not wait([future], _PULSE_SECONDS).done:
        pulse()
    return future.result()


def _leave_interrupts_to_others() -> None:
    """Keep Ctrl+C from this thread and so, for they inherit it, from children that are just starting."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
