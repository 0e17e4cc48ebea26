"""Parts that calculate side by side: what they give, what they tell, and how they stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest
import torch

from flowersorter.learning.side_by_side import AT_ONCE, side_by_side
from flowersorter.progress import Cancelled, Report, silent


@pytest.fixture(autouse=True)
def two_processors() -> Iterator[None]:
    lent = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(lent)


def meeting(place: threading.Barrier, number: int, report: Report) -> int:
    """A part that cannot end before another one has begun."""
    report(number)
    place.wait(timeout=30)
    return number


def test_two_parts_run_at_once_and_the_caller_s_thread_hears_them() -> None:
    heard: dict[object, int] = {}
    place = threading.Barrier(2)
    parts = [partial(meeting, place, number) for number in range(4)]
    given = side_by_side(parts, lambda event: heard.setdefault(event, threading.get_ident()) and None)
    assert given == [0, 1, 2, 3]
    assert heard == dict.fromkeys(range(4), threading.get_ident())


def test_each_thread_calculates_on_one_processor_and_later_ones_as_before() -> None:
    assert side_by_side([lambda _: torch.get_num_threads()] * 3, silent) == [1, 1, 1]
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert (later, torch.get_num_threads()) == ([2], 2)


def endless(report: Report) -> None:
    while True:
        report("still here")


def test_a_wish_to_stop_ends_every_part() -> None:
    events: list[object] = []

    def impatient(event: object) -> None:
        events.append(event)
        if len(events) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        side_by_side([endless, endless, endless], impatient)
    assert len(events) == 3


def test_parts_that_wait_do_not_begin_once_it_is_over() -> None:
    """Before their first report they copy what they learn from, which takes seconds."""
    begun: list[int] = []

    def waiting(report: Report) -> None:
        begun.append(1)
        endless(report)

    def impatient(event: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        side_by_side([endless, endless, *[waiting] * 20], impatient)
    assert len(begun) <= AT_ONCE


def test_what_a_part_raises_ends_the_others_and_comes_through() -> None:
    def broken(report: Report) -> None:
        report("before")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        side_by_side([endless, broken, endless], silent)
