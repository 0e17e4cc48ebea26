"""What the fault tests tried and found, for the table at their end."""

from __future__ import annotations

from collections import Counter

TALLY: Counter[str] = Counter()

ROWS = (
    "kill points", "SIGKILLs at system calls", "fault points", "power-loss states", "state-machine steps",
    "races for a name", "hostile files", "photos lost", "files overwritten",
)  # fmt: skip


def nothing_lost(before: Counter[str], after: Counter[str]) -> None:
    """Promises 1 and 2: every byte string that was there still is. Counts what is not, and fails."""
    missing = before - after
    TALLY["photos lost"] += missing.total()
    assert not missing, f"{missing.total()} files lost"


def nothing_overwritten(before: dict[str, str], after: dict[str, str]) -> None:
    """Promise 2: a stranger's file has its bytes still. Both map names to digests."""
    changed = [name for name, digest in before.items() if after.get(name) != digest]
    TALLY["files overwritten"] += len(changed)
    assert not changed, f"overwritten: {changed}"
