"""Read, hash and compare the bytes of files, through the primitives of `fileops`."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flowersorter.sorting import fileops

_CHUNK: Final = 1 << 20  # bytes per read and write
_KEPT_CHUNKS: Final = 64  # of a file are kept in memory at most, to be compared with its copy


class Digest:
    """The sha256 of bytes that a thread hashes, in the order in which they are fed."""

    def __init__(self, thread: Executor) -> None:
        self._hasher = hashlib.sha256()
        self._thread = thread
        self._waiting: list[Future[None]] = []

    def feed(self, data: bytes) -> None:
        """Hash more, soon."""
        if not self._waiting and len(data) < _CHUNK:
            self._hasher.update(data)  # little is hashed sooner than a thread is asked
        else:
            self._waiting.append(self._thread.submit(self._hasher.update, data))

    def wait(self) -> None:
        """Return when everything that was fed is hashed."""
        for one in self._waiting:
            one.result()
        self._waiting.clear()

    def hex(self) -> str:
        """The sha256 of all, hex; waits for it."""
        self.wait()
        return self._hasher.hexdigest()


def hashing_thread() -> Executor:
    """What hashes copies while they are written and read back: hashing can take as long as both."""
    return ThreadPoolExecutor(1, "hash")


@dataclass(frozen=True, slots=True)
class Passed:
    """The bytes that went from one file to another: their digest, and themselves if they are not too many."""

    digest: Digest
    chunks: Sequence[bytes] | None


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


def passed_on(source: int, target: int, hashing: Executor) -> Passed:
    """Write all bytes of one descriptor to another; they may still be hashed afterwards. Raises OSError."""
    chunks: list[bytes] | None = []
    digest = Digest(hashing)
    while data := fileops.system.read(source, _CHUNK):
        digest.feed(data)
        _write(target, data)
        if chunks is not None and len(chunks) < _KEPT_CHUNKS:
            chunks.append(data)
        else:
            chunks = None
            digest.wait()
    return Passed(digest, chunks)


def holds(path: Path, passed: Passed) -> bool:
    """Whether reading a file gives the bytes that were passed on. Raises OSError."""
    if passed.chunks is None:
        return digest_of(path) == passed.digest.hex()
    with reading(path) as descriptor:
        if any(_read_exactly(descriptor, len(chunk)) != chunk for chunk in passed.chunks):
            return False
        return not fileops.system.read(descriptor, 1)


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
