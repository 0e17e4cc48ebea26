"""What a person should know, or agree to, before anything moves: space, rights, special folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flowersorter.records import Code, Plan, Reason, Transfer
from flowersorter.sorting import fileops, foreign
from flowersorter.sorting.troubles import refusal_of
from flowersorter.sorting.volumes import Volumes


@dataclass(frozen=True, slots=True)
class Concern:
    """A reason to think twice. `blocks` says that the plan can't be carried out as it is."""

    reason: Reason
    blocks: bool


def folder_concerns(root: Path) -> tuple[Concern, ...]:
    """What is special about a folder that somebody wants to sort. Looks at no photo."""
    return tuple(_library_concerns([root], Transfer.MOVE)) + tuple(_special_concerns([root]))


def check(plan: Plan) -> tuple[Concern, ...]:
    """What stands in the way of a plan, or is worth a question. Changes nothing.

    Raises `Refused` where a disk does not answer any more (DEVICE_GONE, IO_ERROR and their like).
    """
    if not plan.moves:
        return ()
    try:
        return _check(plan)
    except OSError as error:
        raise refusal_of(error, plan.into) from error


def _check(plan: Plan) -> tuple[Concern, ...]:
    volumes = Volumes.now()
    sources = list(dict.fromkeys(move.photo.path.parent for move in plan.moves))
    targets = list(dict.fromkeys(move.target.parent for move in plan.moves))
    concerns = [
        *_library_concerns([plan.root, *sources], plan.transfer),
        *_library_concerns([plan.into], Transfer.MOVE),
        *_special_concerns([plan.root, plan.into]),
        *_right_concerns([_existing(folder) for folder in targets], blocks=True),
    ]
    if plan.transfer is Transfer.MOVE:
        concerns += _right_concerns(sources, blocks=len(sources) == 1)
    concerns += _space_concerns(plan, volumes)
    into = _existing(plan.into)
    if not volumes.of(into).journalled:
        concerns.append(Concern(Reason(Code.FOLDER_NOT_JOURNALLED, {"path": into}), blocks=False))
    return tuple({repr(concern): concern for concern in concerns}.values())


def _library_concerns(folders: Iterable[Path], transfer: Transfer) -> list[Concern]:
    owners = {foreign.owner_of(Path(os.path.realpath(folder))) for folder in folders}
    return [
        Concern(Reason(Code.FOLDER_PROTECTED, {"path": owner}), blocks=transfer is Transfer.MOVE)
        for owner in sorted(one for one in owners if one is not None)
    ]


def _special_concerns(folders: Iterable[Path]) -> list[Concern]:
    concerns: list[Concern] = []
    for folder in folders:
        kind = foreign.special_kind(Path(os.path.realpath(folder)))
        if kind is not None:
            reason = Reason(Code.FOLDER_ASKS_FIRST, {"path": folder, "kind": kind})
            concerns.append(Concern(reason, blocks=False))
    return concerns


def _right_concerns(folders: Iterable[Path], *, blocks: bool) -> list[Concern]:
    concerns: list[Concern] = []
    for folder in dict.fromkeys(folders):
        if not fileops.is_folder(folder):
            concerns.append(Concern(Reason(Code.NOT_A_FOLDER, {"path": folder}), blocks))
        elif hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY:
            concerns.append(Concern(Reason(Code.READ_ONLY, {"path": folder}), blocks))
        elif not os.access(folder, os.W_OK | os.X_OK):
            concerns.append(Concern(Reason(Code.NO_PERMISSION, {"path": folder}), blocks))
    return concerns


def _space_concerns(plan: Plan, volumes: Volumes) -> list[Concern]:
    """Only what is copied takes space: a copy, or a move to another disk."""
    needed = 0
    for move in plan.moves:
        source, target = move.photo.path.parent, move.target.parent
        if plan.transfer is Transfer.COPY or not volumes.same(source, target):
            needed += move.photo.size + sum(map(_size, move.photo.companions))
    into = _existing(plan.into)
    free = shutil.disk_usage(into).free
    if needed <= free:
        return []
    return [Concern(Reason(Code.DISK_FULL, {"path": into, "needed": needed, "free": free}), blocks=True)]


def _size(companion: Path) -> int:
    status = fileops.look(companion)
    return 0 if status is None else status.st_size


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest above it that exists."""
    return next(above for above in (folder, *folder.parents) if os.path.lexists(above))
