"""What the command line says in words: plans, receipts, figures and lists, for people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flowersorter.cli.comparison import comparison_text
from flowersorter.records import Batch, Plan, Reason, Receipt, Status, Transfer, Undone
from flowersorter.sentences import say, show_path, unwritten

if TYPE_CHECKING:  # these modules load the learning room
    from flowersorter.jobs.bases import BasesTried
    from flowersorter.jobs.evaluate import Evaluation
    from flowersorter.jobs.self_check import Check
    from flowersorter.jobs.sort import Sorting
    from flowersorter.jobs.teach import Taught, TeachingEstimate
    from flowersorter.learning.bundle import ModelInfo


def plan_text(plan: Plan, sorting: Sorting, *, every_photo: bool) -> str:
    """The plan: photos per folder, what is numbered, what stays and why."""
    verb = "copy" if plan.transfer is Transfer.COPY else "move"
    threshold = sorting.started.threshold
    lines = [f"Model “{sorting.started.model.name}” on {sorting.started.device}, {plan.found} photos found."]
    if threshold.value is None:
        missing = (
            "" if threshold.missing is None else f" About {threshold.missing} more taught photos are needed."
        )
        lines.append(f"It cannot promise so few mistakes, so it files nothing on its own.{missing}")
    for folder, count in sorted(Counter(move.target.parent for move in plan.moves).items()):
        lines.append(f"  {verb} {count:6,} to {show_path(folder)}")
    if every_photo:
        lines += [f"  {show_path(move.photo.path)} -> {show_path(move.target)}" for move in plan.moves]
    else:
        lines += [
            f"  {show_path(move.photo.path)} becomes {show_path(Path(move.target.name))}"
            for move in plan.moves
            if move.renamed
        ]
    for code, stays in _by_code(plan).items():
        lines.append(f"  {len(stays):6,} stay: {say(stays[0])}" + _hint(code))
    return "\n".join(lines)


def _by_code(plan: Plan) -> dict[str, list[Reason]]:
    groups: dict[str, list[Reason]] = {}
    for stay in (*plan.kept, *plan.skipped):
        groups.setdefault(stay.reason.code.value, []).append(stay.reason)
    return groups


def _hint(code: str) -> str:
    return " (--albums sorts those, too)" if code == "in_album" else ""


def receipt_text(receipt: Receipt) -> str:
    """The numbers of a receipt, and one line for each photo that was skipped or failed."""
    counts = ", ".join(f"{receipt.count(status):,} {status.value}" for status in Status)
    lines = [f"{len(receipt.outcomes):,} found: {counts}."]
    lines += [
        f"  {show_path(outcome.photo.path)}: {say(outcome.reason)}"
        for outcome in receipt.outcomes
        if outcome.status in (Status.SKIPPED, Status.FAILED) and outcome.reason is not None
    ]
    if receipt.batch is not None:
        lines.append(f"To take it back: flowersorter undo {receipt.batch}")
    lines += map(say, unwritten(receipt))
    if receipt.cancelled:
        lines.append("Cancelled.")
    return "\n".join(lines)


def undo_text(undone: Undone) -> str:
    lines = [f"Batch {undone.batch}: {undone.restored:,} photos are back, {len(undone.left):,} were left."]
    lines += [f"  {show_path(one.path)}: {say(one.reason)}" for one in undone.left]
    return "\n".join((*lines, *map(say, unwritten(undone))))


def history_text(batches: Sequence[Batch]) -> str:
    if not batches:
        return "Nothing was moved or copied yet."
    return "\n".join(
        f"{batch.id:5}  {datetime.fromtimestamp(batch.started).astimezone():%Y-%m-%d %H:%M}  "
        f"{batch.transfer.value} {batch.photos:,} photos into {show_path(batch.into)}"
        + (f", {batch.undone:,} taken back" if batch.undone else "")
        for batch in batches
    )


def models_text(models: Sequence[ModelInfo]) -> str:
    if not models:
        return "There are no models yet. Teach one: flowersorter teach FOLDER"
    return "\n".join(
        f"{model.name} (version {model.version}): {len(model.species)} species, {model.photos:,} photos"
        + ("" if model.accuracy is None else f", {model.accuracy:.1%} right")
        for model in models
    )


def estimate_text(estimate: TeachingEstimate) -> str:
    minutes = math.ceil(estimate.seconds / 60)
    return f"This takes up to {minutes:,} minute{'' if minutes == 1 else 's'} here; Ctrl+C stops it."


def bases_text(bases: BasesTried) -> str:
    shares = ", ".join(
        f"{one.base.id}: {'–' if one.accuracy is None else f'{one.accuracy:.1%} right'}"
        for one in bases.tried
    )
    return f"Tried on some of these photos: {shares}. It builds on {bases.taken.id}."


def teach_text(taught: Taught) -> str:
    info, validation = taught.info, taught.validation
    taught_from = f"{len(info.species)} species from {info.photos:,} photos"
    lines = [
        f"“{info.name}” version {info.version}: {taught_from} in {taught.seconds:.0f} s on {taught.device}."
    ]
    if validation.accuracy is not None:
        unseen = f"Of {validation.photos:,} photos that it had not learned from"
        lines.append(f"{unseen}, it named {validation.accuracy:.1%} right" + _between(validation.interval))
    if taught.untested:
        lines.append(f"{taught.untested:,} more could not be tested: there are no others of their species.")
    if taught.comparison is not None:
        lines.append(comparison_text(taught.comparison))
    lines += [f"  {show_path(left.path)}: {say(left.reason)}" for left in taught.skipped]
    return "\n".join(lines)


def evaluate_text(evaluation: Evaluation) -> str:
    lines = [f"{evaluation.photos:,} photos, {evaluation.seen_in_training:,} more were taught and left out."]
    if evaluation.accuracy is not None:
        judged = sum(one.photos for one in evaluation.per_species)
        lines.append(f"Right: {evaluation.accuracy:.1%} of {judged:,}" + _between(evaluation.interval))
    if evaluation.unknown_labels:
        lines.append(f"It does not know: {', '.join(evaluation.unknown_labels)}.")
    lines.append(f"It would file {evaluation.filed:,} of them, {evaluation.filed_wrong:,} wrongly.")
    lines += [f"  {show_path(left.path)}: {say(left.reason)}" for left in evaluation.skipped]
    return "\n".join(lines)


def _between(interval: tuple[float, float] | None) -> str:
    return "." if interval is None else f" (between {interval[0]:.1%} and {interval[1]:.1%})."


def self_check_text(checks: Sequence[Check]) -> str:
    return "\n".join(f"{'ok ' if check.ok else 'BAD'} {check.name}: {check.detail}" for check in checks)
