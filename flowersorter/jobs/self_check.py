"""Does this installation work? Each part is really used once."""

from __future__ import annotations

import importlib
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flowersorter.jobs.engine import list_devices
from flowersorter.jobs.models import builtin_info
from flowersorter.learning.bundle import backbone_file, read_model
from flowersorter.paths import Home
from flowersorter.pictures.decode import Wanted
from flowersorter.pictures.pool import PicturePool
from flowersorter.records import Refused
from flowersorter.resources import resource, resources_folder
from flowersorter.sorting import disk_check


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the installation and whether it works."""

    name: str
    ok: bool
    detail: str


def self_check(home: Home) -> list[Check]:
    """Try every part that sorting needs. Never raises; touches no photo."""
    checks: list[tuple[str, Callable[[], str]]] = [
        ("own folders", lambda: _own_folders(home)),
        ("resources", lambda: str(resources_folder())),
        ("database", _database),
        ("pictures", _pictures),
        ("built-in model", _builtin_model),
        ("network", lambda: ", ".join(list_devices())),
        ("safe rename", _safe_rename),
        ("window", _window),
    ]
    return [_tried(name, check) for name, check in checks]


def _tried(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, ok=True, detail=check())
    except (ArithmeticError, ImportError, OSError, RuntimeError, ValueError, Refused, sqlite3.Error) as error:
        return Check(name, ok=False, detail=f"{type(error).__name__}: {error}")


def _own_folders(home: Home) -> str:
    home.make()
    with tempfile.TemporaryFile(dir=home.data) as stream:
        stream.write(b"flower")
    return str(home.data)


def _database() -> str:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (a BLOB PRIMARY KEY) WITHOUT ROWID")
    return sqlite3.sqlite_version


def _pictures() -> str:
    """Decode a picture in a child process, as sorting does."""
    icon = resource("icons", "flowersorter.png")
    with PicturePool(workers=1) as pool:
        look = pool.look(icon, Wanted(short_side=64))
    if look.problem is not None:
        raise Refused.because(look.problem)
    return f"{look.width}×{look.height}"


def _builtin_model() -> str:
    """Read and check every part of it, as the first sorting would."""
    builtin = builtin_info()
    if builtin is None:
        raise FileNotFoundError("the model that comes with the program is missing; please install it again")
    read_model(builtin.path)
    backbone_file(builtin.path)
    return f"{builtin.name}, {len(builtin.species)} species"


def _safe_rename() -> str:
    with tempfile.TemporaryDirectory(prefix="flowersorter-check-") as folder:
        return disk_check.describe_rename(Path(folder))


def _window() -> str:
    """Import Qt by name: that fails where one of its system libraries is missing."""
    return str(importlib.import_module("PySide6.QtWidgets").__name__)
