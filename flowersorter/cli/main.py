"""The command line. Everything that the window does to files and models, without a screen."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from flowersorter import __version__
from flowersorter.cli import output, words
from flowersorter.cli.call import (
    EXIT_CANCELLED,
    EXIT_DONE,
    EXIT_REFUSED,
    EXIT_SOME_FAILED,
    Call,
    Parser,
    a_path,
    add_command,
    changing_files,
)
from flowersorter.cli.models import add_models
from flowersorter.paths import user_home
from flowersorter.progress import Cancelled, Report
from flowersorter.records import Code, Receipt, Refused, Status, Transfer
from flowersorter.settings import MAX_WRONG, Settings, load, save

logger = logging.getLogger(__name__)

SCREEN_VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
COMMANDS = ("teach", "train", "sort", "check", "evaluate", "history", "undo", "models", "self-check")


def run(arguments: Sequence[str]) -> int:
    """Carry out one command, or open the window. Returns the exit status."""
    out = output.Output(as_json="--json" in arguments)
    try:
        if not arguments or arguments[0] not in (*COMMANDS, "-h", "--help", "--version"):
            return _open_window(arguments)
        with _cancel_on_signals() as check:
            return _run_command(arguments, out, check)
    except Cancelled:
        out.answer({"cancelled": True}, "Cancelled.")
        return EXIT_CANCELLED
    except Exception as error:  # the boundary of the program: one sentence, also for what is a defect
        from flowersorter.jobs.failures import as_refusal

        refusal = as_refusal(error)
        if refusal.reason.code is Code.DEFECT:
            logger.exception("a command failed")
        out.refuse(refusal.reason)
        return EXIT_REFUSED


def _run_command(arguments: Sequence[str], out: output.Output, check: Report) -> int:
    home = user_home()
    options = _parser().parse_args(arguments)
    settings, set_aside = load(home.settings_file)
    if set_aside is not None:
        out.warn(Refused(Code.STORE_DAMAGED, path=home.settings_file, aside=set_aside).reason)
    return int(options.command(Call(home, settings, options, out, out.watched(check))))


def _open_window(arguments: Sequence[str]) -> int:
    if len(arguments) > 1 and not arguments[0].startswith("-"):
        detail = f"“{arguments[0]}” is not a command. Give one folder, or see flowersorter --help."
        raise Refused(Code.BAD_ARGUMENT, detail=detail)
    parser = Parser(prog="flowersorter")
    parser.add_argument("folder", nargs="?", type=a_path)
    folder: Path | None = parser.parse_args(arguments).folder
    home = user_home()
    if sys.platform == "linux" and not any(map(os.environ.get, SCREEN_VARIABLES)):
        raise Refused(Code.NO_SCREEN)  # Qt would abort
    from flowersorter.app import run_window

    return run_window(home, folder)


@contextmanager
def _cancel_on_signals() -> Iterator[Report]:
    """A report that raises `Cancelled` at the next call after SIGINT or SIGTERM."""
    caught: list[int] = []

    def catch(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature is Python's
        caught.append(number)

    def check(event: object) -> None:  # noqa: ARG001 - a report takes an event
        if caught:
            raise Cancelled

    before = {number: signal.signal(number, catch) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# the commands


def _sort(call: Call) -> int:
    if call.options.dry_run:
        return _sort_folder(call)
    with changing_files(call):
        return _sort_folder(call)


def _sort_folder(call: Call) -> int:
    from flowersorter.jobs import sort

    options = call.options
    request = sort.SortRequest(
        folder=options.folder,
        into=options.into,
        model=options.model,
        max_wrong=options.max_wrong,
        recursive=options.recursive,
        albums=options.albums,
        transfer=Transfer.COPY if options.copy else Transfer.MOVE,
        device=options.device,
    )
    found = sort.Found.nothing(request.folder)
    try:
        found = sort.look_into(call.home, request, call.report)
        sorting = sort.classify(call.home, call.settings, request, found, call.report)
        decisions = {one.photo.path: one.decision for one in sorting.photos if one.decision is not None}
        species = sorting.started.model.species
        planned = sort.plan_moves(call.home, request, sorting.photos, decisions, found, species)
    except Cancelled:
        stopped = sort.cancelled_receipt(found)
        answer = output.sort_json(stopped, (), None, options.dry_run)
        call.out.answer(answer, words.receipt_text(stopped))
        return EXIT_CANCELLED
    call.out.plan(planned, sorting, every_photo=options.dry_run)
    blocking = [concern for concern in planned.concerns if concern.blocks and planned.plan.moves]
    if blocking:
        raise Refused.because(blocking[0].reason)
    if options.dry_run:
        receipt = output.receipt_of_plan(planned.plan)
    else:
        receipt = sort.carry_out(call.home, planned.plan, call.report)
    answer = output.sort_json(receipt, sorting.photos, sorting.started.model.name, options.dry_run)
    call.out.answer(answer, "" if options.dry_run else words.receipt_text(receipt))
    return _status(receipt)


def _status(receipt: Receipt) -> int:
    if receipt.cancelled:
        return EXIT_CANCELLED
    return EXIT_SOME_FAILED if receipt.count(Status.FAILED) else EXIT_DONE


def _teach(call: Call) -> int:
    from flowersorter.jobs import teaching_report
    from flowersorter.jobs.bases import BasesTried
    from flowersorter.jobs.teach import TeachingEstimate, TeachRequest, teach

    def watch(event: object) -> None:
        call.report(event)
        if isinstance(event, TeachingEstimate):
            call.out.note(words.estimate_text(event))
        elif isinstance(event, BasesTried):
            call.out.note(words.bases_text(event))

    options = call.options
    request = TeachRequest(
        folder=options.folder,
        name=options.name,
        base=options.base,
        method=options.method,
        device=options.device,
        seed=options.seed,
        layers=options.layers,
        beside=options.beside,
        views=options.views,
    )
    if options.report is not None:  # what cannot be written is said before the work, not after it
        output.make_report_folder(options.report)
    with changing_files(call):
        taught = teach(call.home, call.settings, request, watch)
        if taught.in_force:
            save(call.home.settings_file, replace(call.settings, model=taught.info.name))
    answer = output.teach_json(taught)
    if options.report is not None:
        output.write_report(options.report, answer)
        teaching_report.write_report(taught, options.report / teaching_report.FILE_NAME)
    call.out.answer(answer, words.teach_text(taught))
    return EXIT_DONE


def _check(call: Call) -> int:
    from flowersorter.cli.findings import findings_json, findings_text
    from flowersorter.jobs.clean import look_for_suspects

    folder, base, device = call.options.folder, call.options.base, call.options.device
    checked = look_for_suspects(call.home, call.settings, folder, base, device, call.report)
    call.out.answer(findings_json(checked), findings_text(checked))
    return EXIT_DONE


def _evaluate(call: Call) -> int:
    from flowersorter.jobs.evaluate import evaluate

    options = call.options
    evaluation = evaluate(
        call.home, call.settings, options.folder, options.model, options.max_wrong, call.report
    )
    call.out.answer(output.evaluate_json(evaluation), words.evaluate_text(evaluation))
    return EXIT_DONE


def _history(call: Call) -> int:
    from flowersorter.jobs.history import history

    batches = history(call.home)
    call.out.answer([output.batch_json(batch) for batch in batches], words.history_text(batches))
    return EXIT_DONE


def _undo(call: Call) -> int:
    from flowersorter.jobs.history import undo

    with changing_files(call):
        undone = undo(call.home, call.options.batch, call.report)
    call.out.answer(output.undo_json(undone), words.undo_text(undone))
    if undone.cancelled:
        return EXIT_CANCELLED
    return EXIT_SOME_FAILED if undone.left else EXIT_DONE


def _self_check(call: Call) -> int:
    from flowersorter.jobs.self_check import self_check

    checks = self_check(call.home)
    answer = output.self_check_json(checks)
    call.out.answer(answer, words.self_check_text(checks))
    return EXIT_DONE if answer["ok"] else EXIT_SOME_FAILED


# the parser


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="flowersorter",
        description="Name the flowers on your photos and file them into one folder per species.",
        epilog="flowersorter FOLDER opens the window on that folder.",
    )
    parser.add_argument("--version", action="version", version=f"FlowerSorter {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, parser_class=Parser)

    sort = add_command(commands, "sort", _sort, "file the photos of a folder")
    sort.add_argument("folder", type=a_path, metavar="FOLDER")
    sort.add_argument(
        "--into", type=a_path, metavar="DIR", help="where the species folders go (default: FOLDER itself)"
    )
    sort.add_argument("--model", metavar="NAME|PATH")
    _add_max_wrong(sort)
    sort.add_argument("--recursive", action="store_true", help="look into subfolders, too")
    sort.add_argument("--albums", action="store_true", help="take photos out of named albums, too")
    sort.add_argument("--copy", action="store_true", help="copy the photos, leave the originals")
    sort.add_argument("--dry-run", action="store_true", help="show what would happen, change nothing")
    _add_device(sort)

    for name in ("teach", "train"):
        teach = add_command(commands, name, _teach, "teach from a folder with one subfolder per species")
        teach.add_argument("folder", type=a_path, metavar="LABELLED")
        teach.add_argument("--name", help="of the model (default: the folder's name)")
        teach.add_argument("--base", default="auto", metavar="auto|builtin|imagenet|FILE")
        teach.add_argument("--method", default="head", choices=("head", "recipe", "finetune"))
        teach.add_argument("--layers", type=int, default=1, help="that finetune changes: 1, or 2 (slower)")
        teach.add_argument("--beside", metavar="MODEL", help="keep the species that this model knows")
        teach.add_argument("--views", type=int, default=1, help="looks at each photo: 1, 2 or 3 (slower)")
        teach.add_argument("--seed", type=_seed, default=42)
        teach.add_argument(
            "--report", type=a_path, metavar="DIR", help="write figures.json and a page to read into it"
        )
        _add_device(teach)

    check = add_command(commands, "check", _check, "labelled photos that look misfiled or are there twice")
    check.add_argument("folder", type=a_path, metavar="LABELLED")
    check.add_argument("--base", default="auto", metavar="auto|builtin|imagenet|FILE")
    _add_device(check)

    evaluate = add_command(commands, "evaluate", _evaluate, "figures on labelled photos")
    evaluate.add_argument("folder", type=a_path, metavar="LABELLED")
    evaluate.add_argument("--model", metavar="M")
    _add_max_wrong(evaluate)

    add_command(commands, "history", _history, "what was moved and copied so far")
    undo = add_command(commands, "undo", _undo, "take a batch back")
    undo.add_argument("batch", nargs="?", type=int, metavar="BATCH", help="(default: the newest)")

    add_models(commands)
    add_command(commands, "self-check", _self_check, "does this installation work?")
    return parser


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))


def _add_max_wrong(parser: argparse.ArgumentParser) -> None:
    """The window's setting has no say: what a script files must not hang on a number in a dialog."""
    default = Settings().max_wrong
    parser.add_argument(
        "--max-wrong",
        type=_percent,
        default=default,
        metavar="PERCENT",
        help=f"of the filed photos (default {default:g})",
    )


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_WRONG:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {MAX_WRONG:g}")
    return value


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1 << 63:
        raise argparse.ArgumentTypeError("must be a whole number from 0 to 2^63 - 1")
    return int(text)
