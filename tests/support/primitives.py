"""The raw calls of `fileops`, watched: they can refuse, fail, be counted, or end the process."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flowersorter.sorting import fileops, volumes
from flowersorter.sorting.removal import Remover

Watch = Callable[[str, tuple[Any, ...]], None]

# How the disks under a test can be: what its rename and link say, and whether it is journalled.
# "disks" takes every two folders for two disks, and every original for one that takes long to free.
WAYS: dict[str, tuple[dict[str, int], bool]] = {
    "rename": ({}, True),
    "link": ({"rename": errno.EINVAL}, True),
    "copy": ({}, False),
    "fill": ({"rename": errno.ENOSYS, "link": errno.EPERM}, True),
    "disks": ({}, True),
}


class Watched:
    """Stands in for `fileops.system`; `watch` sees each call before it is made, and may raise."""

    def __init__(self, watch: Watch, refuses: dict[str, int], *, two_disks: bool = False) -> None:
        self._system = fileops.System()
        self._two_disks = two_disks
        self._watch = watch
        self._refuses = refuses

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._system, name)

        def watched(*arguments: Any) -> Any:
            self._watch(name, arguments)
            if name in self._refuses:
                number = self._refuses[name]
                raise OSError(number, os.strerror(number))
            if self._two_disks and name in {"rename", "link"} and arguments[0].parent != arguments[1].parent:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            return call(*arguments)

        return watched


def unwatched(_name: str, _arguments: tuple[Any, ...]) -> None:
    """Watches nothing."""


@contextmanager
def disk(way: str = "rename", watch: Watch = unwatched) -> Iterator[None]:
    """Make the disks behave in one of `WAYS` while the context lasts."""
    refuses, journalled = WAYS[way]
    real_system, real_kinds, real_may_wait = fileops.system, volumes.JOURNALLED, Remover._may_wait
    fileops.system = Watched(watch, refuses, two_disks=way == "disks")  # type: ignore[assignment]
    volumes.JOURNALLED = real_kinds if journalled else frozenset()
    if way == "disks":
        Remover._may_wait = lambda *_: True  # type: ignore[method-assign]
    try:
        yield
    finally:
        fileops.system, volumes.JOURNALLED = real_system, real_kinds
        Remover._may_wait = real_may_wait  # type: ignore[method-assign]
