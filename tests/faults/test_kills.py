"""Promise 3: killed before or after anything that lasts, the next start clears up.

That is before every primitive that changes something, and before every commit of the journal.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.primitives import disk
from support.scenarios import SCENARIOS, Scenario, Stage
from support.tally import TALLY

from flowersorter.sorting.journal import Journal

KILLED = 9
HARMLESS = {"status", "open", "open_to_sync", "read", "forget"}  # killed before one is killed before the next
RECOVERY_STRIDE = 12  # recovery itself is killed at every step after every so many kills
GO_ON_STRIDE = 5  # and after every so many, the garden is undone, sorted and undone again


def killed_at(number: int, way: str, act: Callable[[], object]) -> bool:
    """Do something in a child process that ends before its `number`-th step; False if it has fewer."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _end_at(number, way, act)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, KILLED}, "the child failed by itself"
    return code == KILLED


def _end_at(number: int, way: str, act: Callable[[], object]) -> None:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == number:
            os._exit(KILLED)

    def before_primitive(name: str, _arguments: tuple[Any, ...]) -> None:
        if name not in HARMLESS:
            step()

    def before_statement(statement: str) -> None:
        if statement.startswith("COMMIT"):
            step()

    real_open = Journal.open

    def open_watched(file: Path) -> Journal:
        journal = real_open(file)
        journal._connection.set_trace_callback(before_statement)
        return journal

    Journal.open = open_watched  # type: ignore[method-assign, assignment]
    with disk(way, before_primitive):
        act()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_killed_at_every_step(scenario: Scenario, fast_folder: Path) -> None:
    stage = Stage(scenario, fast_folder)
    number = 1
    while killed_at(number, scenario.way, stage.act):
        stage.lost_nothing()
        if number % RECOVERY_STRIDE == 0:
            _kill_recovery(stage)
        stage.check_recovered(and_go_on=number % GO_ON_STRIDE == 0)
        stage.set_up()
        number += 1
        TALLY["kill points"] += 1
    assert number > 4
    stage.check_recovered()


def _kill_recovery(stage: Stage) -> None:
    """Kill recovery before its first step, the next one before its second, and so on, until one ends."""
    number = 1
    while killed_at(number, stage.scenario.way, stage.garden.recover):
        stage.lost_nothing()
        number += 1
        TALLY["kill points"] += 1
