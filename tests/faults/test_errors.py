"""Promise 5: every error at every primitive costs the photo that it meets, and nothing else."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.primitives import disk
from support.scenarios import SCENARIOS, Scenario, Stage
from support.tally import TALLY

from flowersorter.records import Code, Receipt, Status, Undone

ERRORS = (
    errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.ENODEV, errno.ENAMETOOLONG, errno.EBUSY,
)  # fmt: skip
FOR_EVER = (errno.ENODEV, errno.EROFS, errno.ENOSPC)  # a pulled drive, one that became read-only, a full one
GO_ON_STRIDE = 10
PLAIN = {
    Code.DISK_FULL, Code.IO_ERROR, Code.NO_PERMISSION, Code.READ_ONLY, Code.DEVICE_GONE, Code.NAME_TOO_LONG,
    Code.FILE_BUSY,
}  # fmt: skip


class Fault:
    """Raises an error at the `number`-th primitive, and at all that follow if it is `for_ever`."""

    def __init__(self, number: int, error: int, *, for_ever: bool) -> None:
        self.met = 0
        self._number = number
        self._error = error
        self._for_ever = for_ever
        self._calls = 0

    def __call__(self, _name: str, _arguments: tuple[Any, ...]) -> None:
        self._calls += 1
        if self._calls == self._number or (self._for_ever and self._calls > self._number):
            self.met += 1
            raise OSError(self._error, os.strerror(self._error))


def faults(number: int, *, thorough: bool) -> Iterator[Fault]:
    """The faults to try at one primitive: all, or a few that differ from primitive to primitive."""
    errors = ERRORS if thorough else ERRORS[number % len(ERRORS) :][:1]
    for error in errors:
        yield Fault(number, error, for_ever=False)
    for error in FOR_EVER if thorough else FOR_EVER[number % len(FOR_EVER) :][:1]:
        yield Fault(number, error, for_ever=True)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_every_error_at_every_primitive(scenario: Scenario, fast_folder: Path) -> None:
    stage = Stage(scenario, fast_folder)
    thorough = str(scenario) == "sort-move-rename"
    number, met = 0, True
    while met:
        number += 1
        met = False
        for fault in faults(number, thorough=thorough):
            with disk(scenario.way, fault):
                result = stage.act()
            met = met or fault.met > 0
            if fault.met:
                TALLY["fault points"] += 1
                stage.lost_nothing()
                check_said(result, fault)
                stage.check_recovered(and_go_on=number % GO_ON_STRIDE == 0, folders=False)
            stage.set_up()
    assert number > 5


def check_said(result: object, fault: Fault) -> None:
    """Promise 21: the numbers add up, and what failed has the reason of the fault or of its consequences."""
    if isinstance(result, Receipt):
        assert len(result.outcomes) == 4
        failed = [one.reason for one in result.outcomes if one.status is Status.FAILED]
        assert result.count(Status.KEPT) == 2
    else:
        assert isinstance(result, Undone)
        failed = [left.reason for left in result.left]
        assert result.restored + len({left.path for left in result.left}) >= 2
    assert all(reason is not None and reason.code in PLAIN for reason in failed), (fault.__dict__, failed)
