"""What people are told of a failure that no room foresaw."""

from __future__ import annotations

import errno

import pytest

from flowersorter.jobs.failures import as_refusal
from flowersorter.sentences import say

FAILED = (errno.EIO, "Input/output error")


@pytest.mark.parametrize("name", ["/x/a.jpg", b"/x/a.jpg"])
def test_a_file_that_cannot_be_used_is_named(name: str | bytes) -> None:
    assert say(as_refusal(OSError(*FAILED, name)).reason) == "“/x/a.jpg” cannot be used: Input/output error."


@pytest.mark.parametrize("error", [OSError(*FAILED), OSError(*FAILED, 7), OSError(*FAILED, "")])
def test_an_error_without_a_file_names_none(error: OSError) -> None:
    assert say(as_refusal(error).reason) == "The system could not do it: Input/output error. Try again."


def test_a_full_disk_is_said_without_a_file_too() -> None:
    full = as_refusal(OSError(errno.ENOSPC, "No space left on device"))
    assert say(full.reason) == "The disk is full. Free some space and try again."
