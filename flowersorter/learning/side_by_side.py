"""Calculate independent parts of one piece of work side by side, each on a processor of its own.

The results are the same bits as one after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, Final

import torch

from flowersorter.progress import Cancelled, Report

AT_ONCE: Final = 2  # parts; each holds a copy of what it learns from


@contextmanager
def single_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """`count` threads in which torch calculates on one processor each."""
    lent = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)) as threads:
            yield threads
    finally:
        torch.set_num_threads(lent)  # threads that begin later would have one processor, too


def side_by_side(parts: Sequence[Callable[[Report], Any]], report: Report) -> list[Any]:
    """What the parts return, in their order. The caller's thread passes on what they report.

    What a part or `report` raises passes through, once the others have stopped at their next report.
    """
    told: SimpleQueue[object] = SimpleQueue()
    over = threading.Event()

    def tell(event: object) -> None:
        if over.is_set():
            raise Cancelled
        told.put(event)

    with single_threads(min(AT_ONCE, torch.get_num_threads())) as threads:
        futures = [threads.submit(part, tell) for part in parts]
        for future in futures:
            future.add_done_callback(told.put)
        try:
            running = len(futures)
            while running:
                event = told.get()
                if isinstance(event, Future):
                    event.result()
                    running -= 1
                else:
                    report(event)
        finally:
            over.set()
            threads.shutdown(wait=False, cancel_futures=True)  # parts that wait would copy their photos first
    return [future.result() for future in futures]
