"""A decoder that does what hostile pictures make real ones do. Runs in the pool's child processes."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

from flowersorter.pictures import decode
from flowersorter.pictures.decode import Look, Wanted, look_at, unread


def misbehave(path: Path, wanted: Wanted) -> Look:
    """Do what the file's stem says; any other name is looked at as usual.

    A picture that never ends leaves a file `.started` beside it.
    """
    if path.stem in {"hang", "doze"}:
        path.with_suffix(".started").touch()
    match path.stem:
        case "crash":
            ctypes.string_at(0)
        case "hang":  # and keep the interpreter's lock, so that no Python code can run beside it
            ctypes.PyDLL(None).pause()
        case "doze":
            threading.Event().wait()
        case "stay":  # no thread and no alarm runs, as in one that waits for a dead drive
            os.kill(os.getpid(), signal.SIGSTOP)
        case "swallow":
            return _swallow(path, wanted)
        case "who":
            report = f"{os.getpid()} {os.nice(0)} {' '.join(sys.modules)}"
            return replace(unread(path, None), camera=report)
    return look_at(path, wanted)


def _swallow(path: Path, wanted: Wanted) -> Look:
    """Look at a picture with a decoder that allocates 10 GB."""
    real = decode.open_content
    decode.open_content = lambda *_: bytearray(10_000_000_000)  # type: ignore[assignment,return-value]
    try:
        return look_at(path, wanted)
    finally:
        decode.open_content = real
