"""A second start hands its folder to the window that is already there."""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from flowersorter.paths import Home

_PATIENCE_MS: Final = 2000
_LONGEST: Final = 1 << 16  # bytes of a message: a path
_END: Final = b"\0"  # closes a message; no path holds it


class FolderReceiver(QObject):
    """Listens for folders from later starts. Only the instance that holds the lock makes one."""

    received = Signal(object)  # Path, or None: a start without a folder

    def __init__(self, home: Home, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        # whatever is there is left over from a program that was killed: the lock is ours
        QLocalServer.removeServer(_name(home))
        self._server.listen(_name(home))

    def close(self) -> None:
        self._server.close()

    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(partial(self._read, socket))
            self._read(socket)  # what came before we listened; the server deletes its sockets

    def _read(self, socket: QLocalSocket) -> None:
        message = bytes(socket.peek(_LONGEST).data())
        if message.endswith(_END):
            socket.readAll()
            name = message.removesuffix(_END)
            self.received.emit(Path(os.fsdecode(name)) if name else None)


def hand_over(home: Home, folder: Path | None) -> bool:
    """Give `folder` to the running window. False if no window answers."""
    socket = QLocalSocket()
    socket.connectToServer(_name(home))
    if not socket.waitForConnected(_PATIENCE_MS):
        return False
    socket.write((b"" if folder is None else os.fsencode(folder.absolute())) + _END)
    while socket.bytesToWrite():
        if not socket.waitForBytesWritten(_PATIENCE_MS):
            return False
    socket.disconnectFromServer()
    return True


def _name(home: Home) -> str:
    """One name for each data directory, short enough for every system's sockets."""
    digest = hashlib.sha256(os.fsencode(home.data.absolute())).hexdigest()
    return f"flowersorter-{digest[:24]}"
