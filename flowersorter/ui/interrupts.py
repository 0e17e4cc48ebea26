"""Ctrl+C in the terminal and SIGTERM close the window as a click would."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from PySide6.QtCore import QSocketNotifier

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While it lasts, a signal calls `stop` on the GUI thread, from Qt's loop.

    Python's own handler could run in the middle of any slot, so it does nothing. The number of the signal, a
    byte on a socket, wakes the loop (`signal.set_wakeup_fd`).
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._reading, self._writing = socket.socketpair()
        self._reading.settimeout(0)
        self._writing.settimeout(0)
        self._notifier = QSocketNotifier(self._reading.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._woken)
        self._before = [signal.signal(number, lambda _number, _frame: None) for number in _SIGNALS]
        self._wakeup = signal.set_wakeup_fd(self._writing.fileno())

    def close(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in zip(_SIGNALS, self._before, strict=True):
            signal.signal(number, handler)
        self._notifier.setEnabled(False)
        self._reading.close()
        self._writing.close()

    def _woken(self) -> None:
        numbers = b""
        with suppress(BlockingIOError):  # the byte may be gone: closing a window runs the loop once more
            numbers = self._reading.recv(64)
        if any(number in numbers for number in _SIGNALS):
            self._stop()
