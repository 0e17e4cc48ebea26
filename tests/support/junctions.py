"""Junctions of Windows on any system: folders that stat and scandir call folders, and that lead elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

MOUNT_POINT = 0xA0000003


class _Status:
    """A status that Windows gives of a junction itself."""

    st_reparse_tag = MOUNT_POINT

    def __init__(self, status: os.stat_result) -> None:
        self._status = status

    def __getattr__(self, name: str) -> Any:
        return getattr(self._status, name)


class _Listing:
    def __init__(self, entries: Any, junctions: set[str]) -> None:
        self._entries, self._junctions = entries, junctions

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._entries.close()

    def __iter__(self) -> Iterator[Any]:
        return map(self._shown, self._entries)

    def __next__(self) -> Any:
        return self._shown(next(self._entries))

    def _shown(self, entry: os.DirEntry[str]) -> Any:
        if entry.path not in self._junctions:
            return entry
        return SimpleNamespace(
            name=entry.name,
            path=entry.path,
            is_dir=entry.is_dir,
            is_file=entry.is_file,
            stat=lambda *, follow_symlinks=True: (
                entry.stat() if follow_symlinks else _Status(entry.stat(follow_symlinks=False))
            ),
        )


def make_junctions(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """Let folders look like junctions, as Python shows them on Windows."""
    junctions = {str(folder) for folder in folders}
    stat, lstat, scandir = os.stat, os.lstat, os.scandir

    def junction_stat(path: Any, **options: Any) -> Any:
        status = stat(path, **options)
        itself = not options.get("follow_symlinks", True) and not isinstance(path, int)
        return _Status(status) if itself and os.fspath(path) in junctions else status

    def junction_lstat(path: Any, **options: Any) -> Any:
        status = lstat(path, **options)
        return _Status(status) if os.fspath(path) in junctions else status

    monkeypatch.setattr(os, "stat", junction_stat)
    monkeypatch.setattr(os, "lstat", junction_lstat)
    monkeypatch.setattr(os, "scandir", lambda path=".": _Listing(scandir(path), junctions))
