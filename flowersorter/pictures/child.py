"""A child process that looks at photos, seen from both sides of its pipe.

Each child has a pipe of its own, so that one which dies in the middle of a word harms no other.
The words: the child says None when it is ready, then answers each (path, wanted) with a `Look`.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from flowersorter.pictures.decode import Look, Wanted, unread
from flowersorter.records import Code, Reason

_START_SECONDS = 180.0  # importing the picture libraries from a slow disk, behind other work
_GRACE_SECONDS = 2  # what a child grants itself above the parent's limit
_KILL_SECONDS = 1.0  # a process that waits for a dead network drive can't be killed; it is left behind
_NICENESS = 5
_WINDOWS_BELOW_NORMAL = 0x4000

# multiprocessing's list of children is not made for threads: starting one child reaps the others
_PROCESSES = threading.Lock()

Decoder = Callable[[Path, Wanted], Look]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may take: seconds, and bytes above what the child has when it starts."""

    seconds: float
    memory: int


class Child:
    """The parent's side. `look` belongs to one thread at a time, `stop` to any."""

    def __init__(self, decoder: Decoder, limits: Limits) -> None:
        self._decoder = decoder
        self._limits = limits
        self._stopped = threading.Event()
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def look(self, path: Path, wanted: Wanted) -> Look:
        """Look at a photo, in a new process where there is none. Raises RuntimeError if none starts."""
        pipe = self._ready_pipe()
        if pipe is None:
            return unread(path, Reason(Code.CANCELLED))
        try:
            pipe.send((path, wanted))
            if not pipe.poll(self._limits.seconds):
                self._discard()
                return unread(path, Reason(Code.TOO_SLOW, {"seconds": self._limits.seconds}))
            answer = pipe.recv()
        except (EOFError, OSError):
            self._discard()
            return unread(path, Reason(Code.CANCELLED if self._stopped.is_set() else Code.DECODER_DIED))
        assert isinstance(answer, Look)  # noqa: S101 - the child sends nothing else
        return answer

    def stop(self) -> None:
        """Kill the process, whatever it does; a `look` that waits for it ends at once."""
        with _PROCESSES:
            self._stopped.set()
            if self._process is not None:
                self._process.kill()

    def join(self) -> None:
        """Wait until the stopped process is gone, and close its pipe."""
        self._discard()

    def _ready_pipe(self) -> Connection | None:
        """The pipe to a process that waits for work, None once stopped."""
        if self._pipe is not None and self._pipe.poll():  # it speaks when it is asked: this is its end
            self._discard()
        with _PROCESSES:
            if self._stopped.is_set():
                return None
            if self._pipe is not None:
                return self._pipe
            pipe = self._start()
        try:
            if pipe.poll(_START_SECONDS):
                pipe.recv()
                return pipe
        except (EOFError, OSError):
            if self._stopped.is_set():
                return None
        self._discard()
        raise RuntimeError("the picture process does not start")

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")  # a fork would copy torch's and Qt's threads
        ours, theirs = context.Pipe()
        with theirs:
            process = context.Process(
                target=_serve,
                args=(theirs, self._decoder, self._limits),
                name="flowersorter-picture",
                daemon=True,
            )
            process.start()
        self._process, self._pipe = process, ours
        return ours

    def _discard(self) -> None:
        with _PROCESSES:
            if self._process is not None:
                self._process.kill()
                self._process.join(_KILL_SECONDS)
                if self._process.exitcode is not None:
                    self._process.close()
                else:  # a dead drive holds it; when the program ends Python would wait for it without end
                    getattr(multiprocessing.process, "_children", set()).discard(self._process)
                self._process = None
            if self._pipe is not None:
                self._pipe.close()
                self._pipe = None


def _serve(pipe: Connection, decoder: Decoder, limits: Limits) -> None:
    """The child's side: answer until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl+C means
    _work_in_the_background()
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _limit_memory(limits.memory)
    _silence()
    pipe.send(None)
    while True:
        try:
            path, wanted = pipe.recv()
        except EOFError:
            return
        _set_alarm(limits.seconds + _GRACE_SECONDS)
        answer = decoder(path, wanted)
        _set_alarm(0)
        pipe.send(answer)


def _work_in_the_background() -> None:
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _WINDOWS_BELOW_NORMAL)
    else:
        os.nice(_NICENESS)


def _die_with_parent() -> None:
    """End with a parent that was killed while this child decodes; a waiting child sees its pipe close."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _set_alarm(seconds: float) -> None:
    """Let the system kill this process after `seconds` (0: never), for a decoder that outlives the parent.

    The signal's default action needs no Python, so it works where a decoder holds the interpreter's lock.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(limit: int) -> None:
    """Let allocations fail beyond `limit` bytes above what is allocated now.

    Linux only: macOS doesn't enforce such limits and Windows has none for a lone process. There the
    bounds of scaling.py, which hold everywhere, are the only ones.
    """
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[5])  # private writable memory, proc(5)
        most = pages * resource.getpagesize() + limit
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _silence() -> None:
    """Keep what C libraries print about damaged files off the user's terminal and out of --json's output."""
    logging.disable()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
