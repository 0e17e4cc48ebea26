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
    """While it lasts, a signal calls `stop` on the GUI thread.

    Qt's loop runs no Python code while nothing happens, so a byte on a socket wakes it (PEP 475, signal(3)).
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._reading, self._writing = socket.socketpair()
        self._reading.settimeout(0)
        self._writing.settimeout(0)
        self._notifier = QSocketNotifier(self._reading.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._woken)
        self._before = [signal.signal(number, lambda _number, _frame: stop()) for number in _SIGNALS]
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
        with suppress(BlockingIOError):  # the byte may be gone: closing a window runs the loop once more
            self._reading.recv(64)
