"""What import-linter cannot see: what is really loaded when a room is."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

QT_FREE = [
    "flowersorter.cli.main",
    "flowersorter.library",
    "flowersorter.sorting.mover",
    "flowersorter.pictures.pool",
    "flowersorter.jobs.sort",
    "flowersorter.jobs.teach",
    "flowersorter.jobs.history",
    "flowersorter.jobs.models",
]
TORCH_FREE = [*QT_FREE, "flowersorter.app", "flowersorter.ui.main_window", "flowersorter.learning.bundle"]


@pytest.mark.parametrize(
    ("contract", "others"),
    [("Qt only in ui and app", {"app", "ui"}), ("torch only in learning", {"learning"})],
)
def test_import_linter_watches_every_room(contract: str, others: set[str]) -> None:
    """A module that is added is forgotten easily; of the layers import-linter itself knows that."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (watched,) = (set(one["source_modules"]) for one in contracts if one["name"] == contract)
    rooms = {path.stem for path in (ROOT / "flowersorter").iterdir() if not path.name.startswith("_")}
    assert {f"flowersorter.{room}" for room in rooms - others - {"py"}} <= watched


def loaded_with(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sorted(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", QT_FREE)
def test_a_room_without_qt_loads_none(module: str) -> None:
    assert loaded_with(module).isdisjoint({"PySide6", "shiboken6", "pyqtgraph"})


@pytest.mark.parametrize("module", TORCH_FREE)
def test_torch_waits_until_it_is_needed(module: str) -> None:
    """The window is there in under a second, and the history without any network."""
    assert loaded_with(module).isdisjoint({"torch", "torchvision"})


def test_sorting_is_standard_library_only() -> None:
    loaded = loaded_with("flowersorter.sorting.mover")
    assert loaded - set(sys.stdlib_module_names) - loaded_with("sys") == {"flowersorter"}
