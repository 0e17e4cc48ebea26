"""Read, hash and compare the bytes of files, through the primitives of `fileops`."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from flowersorter.sorting import fileops

_CHUNK: Final = 1 << 20  # bytes per read and write
_KEPT_CHUNKS: Final = 64  # of a file are kept in memory at most, to be compared with its copy


class Passed:
    """The bytes that went from one file to another: themselves if they are not too many, and their sha256."""

    def __init__(self, hashing: Hashing, chunks: Sequence[bytes] | None) -> None:
        self.chunks = chunks
        self._hashing = hashing

    def digest(self) -> str:
        """The sha256, hex; waits for it."""
        return self._hashing.digest()


@contextmanager
def reading(path: Path) -> Iterator[int]:
    """A descriptor to read a file by. Raises OSError; a link is an error."""
    descriptor = fileops.system.open(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def digest_of(path: Path) -> str:
    """The sha256 of a file's bytes, hex. Raises OSError."""
    with reading(path) as descriptor:
        return _digest(descriptor, sys.maxsize)


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes. Raises OSError."""
    with reading(one) as first, reading(other) as second:
        if os.fstat(first).st_size != os.fstat(second).st_size:
            return False
        return _digest(first, sys.maxsize) == _digest(second, sys.maxsize)


def begins_with(whole: Path, part: Path) -> bool:
    """Whether the bytes of `part` are the beginning of `whole`. Raises OSError."""
    with reading(whole) as first, reading(part) as second:
        size = os.fstat(second).st_size
        return size <= os.fstat(first).st_size and _digest(first, size) == _digest(second, size)


@contextmanager
def passed_on(source: int, target: int) -> Iterator[Passed]:
    """Write all bytes of one descriptor to another. Raises OSError.

    They are hashed on a thread while they are written, and while the context lasts: that takes longer
    than to read and write them.
    """
    chunks: list[bytes] = []
    while len(chunks) < _KEPT_CHUNKS and (data := fileops.system.read(source, _CHUNK)):
        chunks.append(data)
    with Hashing(chunks) as hashing:
        for chunk in chunks:
            _write(target, chunk)
        longer = False
        while len(chunks) == _KEPT_CHUNKS and (data := fileops.system.read(source, _CHUNK)):
            longer = True
            hashing.feed(data)
            _write(target, data)
        yield Passed(hashing, None if longer else chunks)


def holds(path: Path, passed: Passed) -> bool:
    """Whether reading a file gives the bytes that were passed on. Raises OSError."""
    if passed.chunks is None:
        return digest_of(path) == passed.digest()
    with reading(path) as descriptor:
        if any(_read_exactly(descriptor, len(chunk)) != chunk for chunk in passed.chunks):
            return False
        return not fileops.system.read(descriptor, 1)


class Hashing:
    """The sha256 of bytes, much of them hashed on a thread."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._hasher = hashlib.sha256()
        self._thread: threading.Thread | None = None
        if len(chunks) > 1:
            self._thread = threading.Thread(target=self._update, args=(chunks,), name="hash")
        else:
            self._update(chunks)

    def __enter__(self) -> Self:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wait()

    def feed(self, data: bytes) -> None:
        """Hash more, once the thread is through."""
        self._wait()
        self._hasher.update(data)

    def digest(self) -> str:
        """The sha256 of all, hex."""
        self._wait()
        return self._hasher.hexdigest()

    def _update(self, chunks: Sequence[bytes]) -> None:
        for chunk in chunks:
            self._hasher.update(chunk)

    def _wait(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None


def _digest(descriptor: int, size: int) -> str:
    """The sha256 of the next `size` bytes, or of as many as follow."""
    hasher = hashlib.sha256()
    left = size
    while left > 0 and (data := fileops.system.read(descriptor, min(left, _CHUNK))):
        hasher.update(data)
        left -= len(data)
    return hasher.hexdigest()


def _read_exactly(descriptor: int, size: int) -> bytes:
    """The next `size` bytes, fewer only at the end."""
    data = fileops.system.read(descriptor, size)
    while len(data) < size and (more := fileops.system.read(descriptor, size - len(data))):
        data += more
    return data


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[fileops.system.write(descriptor, rest) :]
