"""Plans and outcomes as the sorting room would make them, for tests of the pages that show them."""

from __future__ import annotations

from pathlib import Path

from flowersorter.records import (
    Code,
    FileMove,
    Outcome,
    Photo,
    Plan,
    PlannedMove,
    Reason,
    Receipt,
    Status,
    Stay,
    Transfer,
)

ROOT = Path("/garden/summer")


def photo(name: str, filed_as: str | None = None) -> Photo:
    return Photo(ROOT / name, size=1, mtime_ns=1, filed_as=filed_as)


def planned_move(
    name: str,
    species: str,
    *,
    target: str = "",
    companions: tuple[str, ...] = (),
    filed_as: str | None = None,
) -> PlannedMove:
    """`target` is the new file name where the photo's own is taken."""
    folder = ROOT / species
    files = [FileMove(ROOT / name, folder / (target or Path(name).name))]
    files += [FileMove(ROOT / companion, folder / companion) for companion in companions]
    return PlannedMove(photo(name, filed_as), "digest", species, tuple(files), renamed=bool(target))


def stay(name: str, code: Code, **arguments: object) -> Stay:
    return Stay(photo(name), Reason(code, arguments))


def plan_of(
    *moves: PlannedMove,
    kept: tuple[Stay, ...] = (),
    skipped: tuple[Stay, ...] = (),
    new_folders: tuple[Path, ...] = (),
    transfer: Transfer = Transfer.MOVE,
) -> Plan:
    return Plan(ROOT, ROOT, transfer, moves, kept, skipped, new_folders)


def receipt_of(plan: Plan, *, failed: tuple[Stay, ...] = (), cancelled: bool = False) -> Receipt:
    """The receipt of a plan of which everything worked but `failed`."""
    done = Status.COPIED if plan.transfer is Transfer.COPY else Status.MOVED
    outcomes = [Outcome(move.photo, done, move.target, move.species) for move in plan.moves]
    for status, stays in ((Status.KEPT, plan.kept), (Status.SKIPPED, plan.skipped), (Status.FAILED, failed)):
        outcomes += [Outcome(one.photo, status, reason=one.reason) for one in stays]
    return Receipt(7 if plan.moves else None, tuple(outcomes), cancelled)
