"""What the gardener says of photos, as commands that can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtGui import QUndoCommand

from flowersorter.records import Decision

Changes = Mapping[Path, Decision | None]


class Decide(QUndoCommand):
    """Put `new` decisions in force; undo puts the `old` ones back. `put` does either."""

    def __init__(self, words: str, old: Changes, new: Changes, put: Callable[[Changes], None]) -> None:
        super().__init__(words)
        self._old = old
        self._new = new
        self._put = put

    def redo(self) -> None:
        self._put(self._new)

    def undo(self) -> None:
        self._put(self._old)
