"""Downloading goes on where it stopped, is checked, and says what is wrong. The server is in this process."""

from __future__ import annotations

import hashlib
import http.client
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flowersorter.jobs import download as downloading
from flowersorter.jobs.download import download
from flowersorter.progress import Cancelled, Progress, Stage, silent
from flowersorter.records import Code, Reason, Refused

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; `mode` says how it behaves."""

    daemon_threads = True
    mode = "good"
    ranges: list[str | None]
    go_on: threading.Event

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/weights.pth"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        mode = self.server.mode
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and mode != "no ranges" else 0
        if mode == "refuses":
            self.send_error(503, "Service Unavailable")
            return
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = b"<html>Please log in to the hotel's network</html>" if mode == "portal" else CONTENT[start:]
        self.send_response(206 if start else 200)
        if mode != "no length":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if mode in ("breaks off", "hangs"):
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            if mode == "hangs":
                self.server.go_on.wait(60)
            return
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.ranges, server.go_on = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "weights" / "weights.pth"


def part_of(target: Path) -> Path:
    return target.with_name("weights.pth.part")


def refusal(url: str, target: Path, sha256: str = SHA256) -> Reason:
    with pytest.raises(Refused) as refused:
        download(url, target, sha256, silent)
    return refused.value.reason


@pytest.mark.parametrize("mode", ["good", "no length"])
def test_a_file_arrives_whole_with_progress_in_bytes(server: Server, target: Path, mode: str) -> None:
    server.mode = mode
    events: list[object] = []
    download(server.url, target, SHA256[:8], events.append)
    assert target.read_bytes() == CONTENT
    assert not part_of(target).exists()
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[0].stage is Stage.DOWNLOADING
    assert progress[-1].done == len(CONTENT)


def test_it_goes_on_where_the_connection_broke(server: Server, target: Path) -> None:
    server.mode = "breaks off"
    assert refusal(server.url, target).code is Code.DOWNLOAD_FAILED
    half = part_of(target).stat().st_size
    assert 0 < half < len(CONTENT)
    assert not target.exists()
    server.mode = "good"
    download(server.url, target, SHA256, silent)
    assert server.ranges == [None, f"bytes={half}-"]
    assert target.read_bytes() == CONTENT


def test_a_server_without_ranges_starts_again(server: Server, target: Path) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT[:1000])
    server.mode = "no ranges"
    download(server.url, target, SHA256, silent)
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_complete_is_only_checked(server: Server, target: Path) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT)
    download(server.url, target, SHA256, silent)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("beginning", [b"another file", CONTENT + b"too long"])
def test_a_wrong_part_is_found_out_and_deleted(server: Server, target: Path, beginning: bytes) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(beginning)
    assert refusal(server.url, target).code is Code.DOWNLOAD_CORRUPT
    assert not part_of(target).exists()
    download(server.url, target, SHA256, silent)
    assert target.read_bytes() == CONTENT


def test_a_log_in_page_is_not_taken_for_weights(server: Server, target: Path) -> None:
    server.mode = "portal"
    assert refusal(server.url, target).code is Code.DOWNLOAD_CORRUPT
    assert list(target.parent.iterdir()) == []


def test_what_a_server_says_is_passed_on(server: Server, target: Path) -> None:
    server.mode = "refuses"
    reason = refusal(server.url, target)
    assert reason.code is Code.DOWNLOAD_FAILED
    assert "503 Service Unavailable" in reason.arguments["detail"]


def test_no_connection_is_said_plainly(target: Path) -> None:
    with socket.socket() as unused:  # bound, so that nobody else takes the port, and not listening
        unused.bind(("127.0.0.1", 0))
        reason = refusal(f"http://127.0.0.1:{unused.getsockname()[1]}/", target)
    assert reason.code is Code.DOWNLOAD_FAILED
    assert "could not be reached" in reason.arguments["detail"]


def test_cancelling_does_not_wait_for_a_server_that_hangs(server: Server, target: Path) -> None:
    """Promise 16; what has arrived is kept."""
    server.mode = "hangs"

    def cancel(event: object) -> None:
        if isinstance(event, Progress) and event.done >= len(CONTENT) // 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        download(server.url, target, SHA256, cancel)
    assert not server.go_on.is_set()  # it hangs still
    assert not target.exists()
    server.go_on.set()
    server.mode = "good"
    download(server.url, target, SHA256, silent)
    assert server.ranges[-1] != "bytes=0-"
    assert server.ranges[-1] is not None
    assert target.read_bytes() == CONTENT


def test_a_server_that_says_nothing_more_is_given_up(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.mode = "hangs"
    monkeypatch.setattr(downloading, "TIMEOUT", 0.2)
    reason = refusal(server.url, target)
    assert reason.code is Code.DOWNLOAD_FAILED
    assert "did not answer" in reason.arguments["detail"]


def test_an_endless_file_is_not_taken(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "MAX_BYTES", 1000)
    for mode in ("good", "no length"):
        server.mode = mode
        assert refusal(server.url, target).code is Code.DOWNLOAD_FAILED
        assert not part_of(target).exists() or part_of(target).stat().st_size <= 1000


@pytest.mark.parametrize("error", [http.client.BadStatusLine("what?"), ValueError("unknown url type: ''")])
def test_odd_answers_are_refusals(target: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    assert refusal("http://127.0.0.1/", target).code is Code.DOWNLOAD_FAILED


def test_a_full_disk_is_said(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 5."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloading, "_fetch_rest", full)
    assert refusal(server.url, target).code is Code.DISK_FULL
