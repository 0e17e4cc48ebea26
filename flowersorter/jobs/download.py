"""Download one file: with progress, cancel, resume and a checksum."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flowersorter.progress import Progress, Report, Stage
from flowersorter.records import Code, Refused

CHUNK: Final = 128 * 1024  # bytes
TIMEOUT: Final = 30.0  # seconds without a byte
MAX_BYTES: Final = 512 * 2**20
PULSE: Final = 0.1  # seconds between looks at a wish to cancel


@dataclass(slots=True)
class _Transfer:
    """What the fetching thread and the waiting one share."""

    done: int = 0
    total: int | None = None
    error: Exception | None = None
    stop: threading.Event = field(default_factory=threading.Event)


def download(url: str, target: Path, sha256: str, report: Report) -> None:
    """Fetch `url` into the file `target`; `sha256` is its hash, hex, or the first digits of it.

    An interrupted transfer stays beside as ``.part`` and goes on from there the next time. Progress is in
    bytes. Raises `Refused`: DOWNLOAD_FAILED, DOWNLOAD_CORRUPT (and the part is deleted), DISK_FULL;
    and `Cancelled`, within a moment even where the server hangs.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    transfer = _Transfer()
    # a thread of its own, for a server that says nothing blocks it; daemon, so that it cannot hold the exit
    thread = threading.Thread(target=_fetch, args=(url, part, transfer), name="download", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            report(Progress(Stage.DOWNLOADING, transfer.done, transfer.total))
            thread.join(PULSE)
    finally:
        transfer.stop.set()
    if transfer.error is not None:
        raise _refusal(transfer.error) from transfer.error
    report(Progress(Stage.CHECKING, transfer.done, transfer.total))
    with part.open("r+b") as stream:  # Windows syncs only what is open for writing
        found = hashlib.file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    if not found.startswith(sha256):
        part.unlink()
        raise Refused(Code.DOWNLOAD_CORRUPT)
    os.replace(part, target)


def _fetch(url: str, part: Path, transfer: _Transfer) -> None:
    try:
        _fetch_rest(url, part, transfer)
    except (OSError, http.client.HTTPException, ValueError) as error:
        transfer.error = error


def _fetch_rest(url: str, part: Path, transfer: _Transfer) -> None:
    """Append what is missing in `part`; start again where the server cannot go on from there."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310 - our own address, https
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            transfer.done = transfer.total = have  # all of it is here; the checksum tells if it is right
            return
        raise
    with answer:
        goes_on = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        transfer.done = have if goes_on else 0
        length = answer.headers.get("Content-Length")
        transfer.total = None if length is None else transfer.done + int(length)
        if (transfer.total or 0) > MAX_BYTES:
            raise ValueError("the file is larger than it should be")
        if transfer.stop.is_set():
            return  # the server hung, and another try may write to the file by now
        with part.open("ab" if goes_on else "wb") as stream:
            while not transfer.stop.is_set():
                chunk = answer.read(CHUNK)
                if not chunk:
                    break
                if transfer.stop.is_set():
                    return
                if transfer.done + len(chunk) > MAX_BYTES:
                    raise ValueError("the file is larger than it should be")
                stream.write(chunk)
                transfer.done += len(chunk)
    if transfer.total is not None and transfer.done < transfer.total and not transfer.stop.is_set():
        raise ConnectionError("the connection ended too early")


def _refusal(error: Exception) -> Refused:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return Refused(Code.DISK_FULL)
    if isinstance(error, urllib.error.HTTPError):
        return Refused(Code.DOWNLOAD_FAILED, detail=f"the server answered “{error.code} {error.reason}”")
    if isinstance(error, urllib.error.URLError):
        return Refused(Code.DOWNLOAD_FAILED, detail=f"the server could not be reached ({error.reason})")
    if isinstance(error, TimeoutError):
        return Refused(Code.DOWNLOAD_FAILED, detail="the server did not answer")
    words = error.strerror if isinstance(error, OSError) else str(error)
    return Refused(Code.DOWNLOAD_FAILED, detail=words or type(error).__name__)
