"""What the command line prints: the JSON shapes of its contract, and words for people."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.cli_comparison import comparison_json, comparison_text
from flowersorter.progress import Progress, Report
from flowersorter.records import (
    Batch,
    Classified,
    Left,
    Outcome,
    Plan,
    Reason,
    Receipt,
    Status,
    Transfer,
    Undone,
)
from flowersorter.sentences import say, show_path

if TYPE_CHECKING:  # these modules load the learning room
    from flowersorter.jobs.bases import BasesTried
    from flowersorter.jobs.evaluate import Evaluation
    from flowersorter.jobs.self_check import Check
    from flowersorter.jobs.sort import Planned, Sorting
    from flowersorter.jobs.teach import Taught, TeachingEstimate
    from flowersorter.learning.bundle import ModelInfo

SECONDS_BETWEEN_LINES = 0.2

Json = dict[str, Any]


class Output:
    """Answers on standard output, everything else on standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._drawn = False

    def answer(self, value: object, text: str = "") -> None:
        """Print the command's answer: the JSON value, or the text."""
        self._clear()
        if self._as_json:
            print(json.dumps(value, ensure_ascii=True, allow_nan=False))
        elif text:
            _print_safely(text, sys.stdout)

    def refuse(self, reason: Reason) -> None:
        """Say in one sentence why nothing was done."""
        sentence = say(reason)
        self._clear()
        if self._as_json:
            print(json.dumps({"error": {"code": reason.code.value, "message": sentence}}, ensure_ascii=True))
        else:
            _print_safely(sentence, sys.stderr)

    def warn(self, reason: Reason) -> None:
        self.note(say(reason))

    def note(self, sentence: str) -> None:
        """Say something beside the answer."""
        self._clear()
        _print_safely(sentence, sys.stderr)

    def plan(self, planned: Planned, sorting: Sorting, *, every_photo: bool) -> None:
        """Print the plan before it is carried out."""
        for concern in planned.concerns:
            self.note(say(concern.reason))
        if not self._as_json:
            self._clear()
            _print_safely(plan_text(planned.plan, sorting, every_photo=every_photo), sys.stdout)

    def watched(self, check: Report) -> Report:
        """`check`, and a line of progress where somebody is watching."""
        if self._as_json or not sys.stderr.isatty():
            return check
        last = 0.0

        def report(event: object) -> None:
            nonlocal last
            check(event)
            now = time.monotonic()
            if isinstance(event, Progress) and now - last >= SECONDS_BETWEEN_LINES:
                last = now
                total = "" if event.total is None else f" of {event.total:,}"
                sys.stderr.write(f"\r\x1b[K{event.stage.value} {event.done:,}{total}")
                sys.stderr.flush()
                self._drawn = True

        return report

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            self._drawn = False


def _print_safely(text: str, stream: Any) -> None:
    """Print on a terminal of any encoding; what it cannot show becomes a question mark."""
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), file=stream)


def receipt_of_plan(plan: Plan) -> Receipt:
    """The receipt that a plan would have if nothing goes wrong: the answer of a dry run."""
    status = Status.COPIED if plan.transfer is Transfer.COPY else Status.MOVED
    outcomes = [Outcome(move.photo, status, move.target, move.species) for move in plan.moves]
    outcomes += [Outcome(stay.photo, Status.KEPT, reason=stay.reason) for stay in plan.kept]
    outcomes += [Outcome(stay.photo, Status.SKIPPED, reason=stay.reason) for stay in plan.skipped]
    return Receipt(None, tuple(outcomes))


# JSON


def sort_json(
    receipt: Receipt, photos: Sequence[Classified], model: str | None, dry_run: bool
) -> Json:  # fmt: skip
    """The answer of ``sort``: found = moved + copied + kept + skipped + failed."""
    answer: Json = {
        "batch": receipt.batch,
        "dry_run": dry_run,
        "model": model,
        "found": len(receipt.outcomes),
        "moved": receipt.count(Status.MOVED),
        "copied": receipt.count(Status.COPIED),
        "kept": receipt.count(Status.KEPT),
        "skipped": _reasons(receipt, Status.SKIPPED),
        "failed": _reasons(receipt, Status.FAILED),
        "photos": _photos_json(receipt, photos),
    }
    return {**answer, "cancelled": True} if receipt.cancelled else answer


def _photos_json(receipt: Receipt, photos: Sequence[Classified]) -> list[Json]:
    guesses = {one.photo.path: one.guess for one in photos}
    rows = []
    for outcome in receipt.outcomes:
        guess = guesses.get(outcome.photo.path)
        species = outcome.species or (guess.species if guess else outcome.photo.filed_as)
        ranking = guess.ranking if guess else ()
        rows.append(
            {
                "source": str(outcome.photo.path),
                "target": None if outcome.target is None else str(outcome.target),
                "species": species,
                "confidence": ranking[0].confidence if ranking else None,
                "runners_up": [asdict(score) for score in ranking if score.species != species],
                "companions": [str(companion) for companion in outcome.photo.companions],
            }
        )
    return rows


def _reasons(receipt: Receipt, status: Status) -> list[Json]:
    return [
        _reason_json(outcome.photo.path, outcome.reason)
        for outcome in receipt.outcomes
        if outcome.status is status and outcome.reason is not None
    ]


def _reason_json(path: Path, reason: Reason) -> Json:
    return {"path": str(path), "code": reason.code.value, "reason": say(reason)}


def left_json(left: Sequence[Left]) -> list[Json]:
    """What was not used, and why."""
    return [_reason_json(one.path, one.reason) for one in left]


def undo_json(undone: Undone) -> Json:
    """The answer of ``undo``."""
    answer: Json = {"batch": undone.batch, "restored": undone.restored, "left": left_json(undone.left)}
    return {**answer, "cancelled": True} if undone.cancelled else answer


def batch_json(batch: Batch) -> Json:
    """One entry of ``history``."""
    return {
        "batch": batch.id,
        "started": datetime.fromtimestamp(batch.started, UTC).isoformat(timespec="seconds"),
        "transfer": batch.transfer.value,
        "folder": str(batch.root),
        "into": str(batch.into),
        "photos": batch.photos,
        "undone": batch.undone,
        "species": dict(batch.species),
    }


def model_json(model: ModelInfo) -> Json:
    """One entry of ``models list``."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(model).items()}


def teach_json(taught: Taught) -> Json:
    """The answer of ``teach``."""
    validation = taught.validation
    return {
        "model": taught.info.name,
        "version": taught.info.version,
        "path": str(taught.info.path),
        "classes": list(taught.info.species),
        "photos": taught.info.photos,
        "skipped": left_json(taught.skipped),
        "device": taught.device,
        "base": taught.info.base_id,
        "method": taught.info.method,
        "views": taught.views,
        "epochs": [asdict(epoch) for epoch in taught.epochs],
        "validation": {
            "photos": validation.photos,
            "accuracy": validation.accuracy,
            "interval": validation.interval,
            "confusion": validation.confusion,
            "per_class": [asdict(figures) for figures in validation.per_species],
        },
        "seconds": round(taught.seconds, 3),
        "comparison": comparison_json(taught.comparison),
    }


def evaluate_json(evaluation: Evaluation) -> Json:
    """The answer of ``evaluate``."""
    return {
        "model": evaluation.model,
        "photos": evaluation.photos,
        "seen_in_training": evaluation.seen_in_training,
        "accuracy": evaluation.accuracy,
        "interval": evaluation.interval,
        "top3": evaluation.top3,
        "classes": list(evaluation.species),
        "confusion": evaluation.confusion,
        "per_class": [asdict(figures) for figures in evaluation.per_species],
        "unknown_labels": list(evaluation.unknown_labels),
        "filed": {"photos": evaluation.filed, "wrong": evaluation.filed_wrong},
        "skipped": left_json(evaluation.skipped),
    }


def self_check_json(checks: Sequence[Check]) -> Json:
    """The answer of ``self-check``."""
    return {"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]}


def write_report(folder: Path, answer: Mapping[str, Any]) -> None:
    """Write the figures of a training into `folder`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(answer, indent=2, ensure_ascii=True, allow_nan=False)
    (folder / "figures.json").write_text(text + "\n", "ascii")


# words


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
    if receipt.cancelled:
        lines.append("Cancelled.")
    return "\n".join(lines)


def undo_text(undone: Undone) -> str:
    lines = [f"Batch {undone.batch}: {undone.restored:,} photos are back, {len(undone.left):,} were left."]
    return "\n".join(lines + [f"  {show_path(one.path)}: {say(one.reason)}" for one in undone.left])


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
    shares = ", ".join(f"{one.base.id}: {one.accuracy:.1%} right" for one in bases.tried)
    return f"It builds on {bases.taken.id}, which suits these photos better ({shares})."


def teach_text(taught: Taught) -> str:
    info, validation = taught.info, taught.validation
    taught_from = f"{len(info.species)} species from {info.photos:,} photos"
    lines = [
        f"“{info.name}” version {info.version}: {taught_from} in {taught.seconds:.0f} s on {taught.device}."
    ]
    if validation.accuracy is not None:
        unseen = f"Of {validation.photos:,} photos that it had not learned from"
        lines.append(f"{unseen}, it named {validation.accuracy:.1%} right" + _between(validation.interval))
    if taught.comparison is not None:
        lines.append(comparison_text(taught.comparison))
    lines += [f"  {show_path(left.path)}: {say(left.reason)}" for left in taught.skipped]
    return "\n".join(lines)


def evaluate_text(evaluation: Evaluation) -> str:
    lines = [f"{evaluation.photos:,} photos, {evaluation.seen_in_training:,} more were taught and left out."]
    if evaluation.accuracy is not None:
        lines.append(f"Right: {evaluation.accuracy:.1%}" + _between(evaluation.interval))
    lines.append(f"It would file {evaluation.filed:,} of them, {evaluation.filed_wrong:,} wrongly.")
    lines += [f"  {show_path(left.path)}: {say(left.reason)}" for left in evaluation.skipped]
    return "\n".join(lines)


def _between(interval: tuple[float, float] | None) -> str:
    return "." if interval is None else f" (between {interval[0]:.1%} and {interval[1]:.1%})."


def self_check_text(checks: Sequence[Check]) -> str:
    return "\n".join(f"{'ok ' if check.ok else 'BAD'} {check.name}: {check.detail}" for check in checks)
