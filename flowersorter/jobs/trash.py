"""The system's wastebasket, for the copies that an undo takes back."""

from __future__ import annotations

from pathlib import Path

from send2trash import send2trash


def to_trash(path: Path) -> None:
    """Put one file into the wastebasket. Raises OSError where the system has none for that disk."""
    send2trash(path)
