"""What every command is given, how it guards the files that it changes, and how it is declared."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from flowersorter.cli import output
from flowersorter.paths import Home
from flowersorter.progress import Report
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings

EXIT_DONE, EXIT_SOME_FAILED, EXIT_REFUSED, EXIT_CANCELLED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Call:
    """What one command is given."""

    home: Home
    settings: Settings
    options: argparse.Namespace
    out: output.Output
    report: Report


@contextmanager
def changing_files(call: Call) -> Iterator[None]:
    """The only instance, with any interrupted run finished or rolled back first."""
    from flowersorter.jobs.history import recover
    from flowersorter.jobs.instance import hold

    with hold(call.home):
        recovered = recover(call.home)
        if recovered.in_place or recovered.put_back or recovered.unresolved:
            call.out.note(
                f"The last run was interrupted: {recovered.in_place} photos are in place, "
                f"{recovered.put_back} were put back, {len(recovered.unresolved)} need a look."
            )
        yield


def a_path(text: str) -> Path:
    """A path of the command line, absolute. Raises `ArgumentTypeError` where it is empty."""
    if not text:  # an unset variable is not the folder that one happens to be in
        raise argparse.ArgumentTypeError("must not be empty")
    path = Path(text)
    return path.resolve() if ".." in path.parts else path.absolute()


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is a refusal like any other. Options are written out."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        raise Refused(Code.BAD_ARGUMENT, detail=f"{message} (see {self.prog} --help)")


def add_command(
    commands: Any, name: str, function: Callable[[Call], int], summary: str
) -> argparse.ArgumentParser:
    """Declare a command that `function` carries out; every one takes --json."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.add_argument("--json", action="store_true", help="print one JSON value and nothing else")
    parser.set_defaults(command=function)
    return parser
