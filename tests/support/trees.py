"""Comparing folders: names, bytes and dates."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def swapped(folder: Path, outside: Path) -> Iterator[None]:
    """A link in a folder's place, to `outside` with the same files; nothing there may change (promise 9)."""
    kept = outside.with_name("kept")
    outside.mkdir(exist_ok=True)
    if folder.exists():
        shutil.copytree(folder, outside, dirs_exist_ok=True)
        folder.rename(kept)
    folder.symlink_to(outside, target_is_directory=True)
    before = tree(outside)
    yield
    assert tree(outside) == before
    folder.unlink()
    if kept.exists():
        kept.rename(folder)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
