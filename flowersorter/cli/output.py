"""What the command line prints, and the JSON shapes of its contract."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowersorter.cli.comparison import comparison_json
from flowersorter.cli.words import plan_text
from flowersorter.progress import Progress, Report
from flowersorter.records import (
    Batch,
    Classified,
    Code,
    Left,
    Outcome,
    Plan,
    Reason,
    Receipt,
    Refused,
    Score,
    Status,
    Transfer,
    Undone,
)
from flowersorter.sentences import say

if TYPE_CHECKING:  # these modules load the learning room
    from flowersorter.jobs.evaluate import Evaluation
    from flowersorter.jobs.self_check import Check
    from flowersorter.jobs.sort import Planned, Sorting
    from flowersorter.jobs.teach import Taught
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
        words = json.dumps(value, ensure_ascii=True, allow_nan=False) if self._as_json else text
        if words:
            with suppress(OSError):  # nobody reads any more; what was done is done, and the status says it
                _print_safely(words, sys.stdout)

    def refuse(self, reason: Reason) -> None:
        """Say in one sentence why nothing was done."""
        sentence = say(reason)
        if self._as_json:
            self.answer({"error": {"code": reason.code.value, "message": sentence}})
        else:
            self.note(sentence)

    def warn(self, reason: Reason) -> None:
        self.note(say(reason))

    def note(self, sentence: str) -> None:
        """Say something beside the answer."""
        self._clear()
        with suppress(OSError):
            _print_safely(sentence, sys.stderr)

    def plan(self, planned: Planned, sorting: Sorting, *, every_photo: bool) -> None:
        """Print the plan before it is carried out. Raises `Refused` where nobody can read it."""
        for concern in planned.concerns:
            self.note(say(concern.reason))
        if not self._as_json:
            self._clear()
            try:
                _print_safely(plan_text(planned.plan, sorting, every_photo=every_photo), sys.stdout)
            except OSError as error:
                detail = "The plan cannot be printed, so nothing was moved."
                raise Refused(Code.BAD_ARGUMENT, detail=detail) from error

    def watched(self, check: Report) -> Report:
        """`check`, and a line of progress where somebody is watching."""
        if self._as_json or sys.stderr is None or not sys.stderr.isatty():
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
    """Print on a terminal of any encoding; what it cannot show becomes a question mark.

    At once, for a plan is read before it is carried out. Raises OSError where nobody reads it.
    """
    if stream is None:
        return  # a window's program on Windows has no terminal
    encoding = stream.encoding or "utf-8"
    try:
        print(text.encode(encoding, "replace").decode(encoding), file=stream, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # Python flushes once more at its end
        raise


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
    return answer | _ending(receipt)


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
                "confidence": _confidence(ranking, species),
                "runners_up": [asdict(score) for score in ranking if score.species != species],
                "companions": [str(companion) for companion in outcome.photo.companions],
            }
        )
    return rows


def _confidence(ranking: Sequence[Score], species: str | None) -> float | None:
    """The model's confidence in a species, in its best guess where there is none."""
    if species is None:
        return ranking[0].confidence if ranking else None
    return next((score.confidence for score in ranking if score.species == species), None)


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
    return answer | _ending(undone)


def _ending(done: Receipt | Undone) -> Json:
    """What is only said where something did not go to its end."""
    ending: Json = {"cancelled": True} if done.cancelled else {}
    if done.unwritten is not None:
        ending["unwritten"] = {"code": done.unwritten.code.value, "reason": say(done.unwritten)}
    return ending


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


def make_report_folder(folder: Path) -> None:
    """Make the folder of a report. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)


def write_report(folder: Path, answer: Mapping[str, Any]) -> None:
    """Write the figures of a training into `folder`. Raises OSError."""
    text = json.dumps(answer, indent=2, ensure_ascii=True, allow_nan=False)
    (folder / "figures.json").write_text(text + "\n", "ascii")
