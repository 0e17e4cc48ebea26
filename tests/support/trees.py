"""Comparing folders: names, bytes and dates."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path


def tree(folder: Path) -> dict[bytes, tuple[str, int] | None]:
    """Every path below `folder` (as bytes) with digest and mtime_ns; None for folders."""
    found: dict[bytes, tuple[str, int] | None] = {}
    for parent, folders, files in os.walk(folder):
        for name in folders:
            found[os.fsencode(Path(parent, name).relative_to(folder))] = None
        for name in files:
            path = Path(parent, name)
            key = os.fsencode(path.relative_to(folder))
            found[key] = (digest(path), path.stat().st_mtime_ns)
    return found


def contents(folder: Path) -> Counter[str]:
    """How often each byte string lies below `folder`: what promise 1 keeps constant."""
    return Counter(entry[0] for entry in tree(folder).values() if entry is not None)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
