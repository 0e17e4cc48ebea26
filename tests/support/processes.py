"""Looking at processes through /proc (Linux)."""

from __future__ import annotations

import os
import time
from pathlib import Path


def children_of(process: int) -> set[int]:
    """The living children of a process, without multiprocessing's own resource tracker."""
    found = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes():
                found.add(child)
    return found


def is_running(process: int) -> bool:
    """Whether a process exists and is no zombie; one whose other threads still end holds its pipes."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
        return "State:\tZ" not in status or "Threads:\t1\n" not in status
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(processes: set[int], seconds: float) -> None:
    """Fail if one of the processes still runs after so many seconds."""
    deadline = time.monotonic() + seconds
    while any(map(is_running, processes)):
        assert time.monotonic() < deadline, f"still running: {processes}"
        os.sched_yield()


def peak_memory(process: int) -> int:
    """The most memory that a process ever had resident, in bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def memory_of(process: int) -> int:
    """The memory that a process has now, in bytes, of shared pages its share; 0 if it ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 1024 * next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def descendants_of(process: int) -> set[int]:
    """The living children of a process, their children, and so on."""
    found: set[int] = set()
    waiting = {process}
    while waiting:
        try:
            children = children_of(waiting.pop())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        waiting |= children - found
        found |= children
    return found
