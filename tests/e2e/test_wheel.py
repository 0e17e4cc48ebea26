"""The installed wheel finds its resources and works outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "site"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--quiet", "--target", str(target)]
    subprocess.run([*install, str(wheel)], check=True)
    return target


def run_installed(installed: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed), "FLOWERSORTER_HOME": str(home)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=home, env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_wheel_carries_its_resources(installed: Path, tmp_path: Path) -> None:
    code = (
        "from flowersorter import resources; print(resources.__file__);"
        "wanted = [('icons', 'flower.svg'), ('report.css',), ('models', 'garden', 'backbone.safetensors')];"
        "print(all(resources.resource(*parts).exists() for parts in wanted))"
    )
    done = run_installed(installed, tmp_path, "-c", code)
    file, found = done.stdout.split()
    assert Path(file).is_relative_to(installed)
    assert found == "True"


def test_the_wheel_knows_the_names_of_flowers(installed: Path, tmp_path: Path) -> None:
    code = "from flowersorter import species_names; print(species_names.same_species('Margerite').botanical)"
    assert run_installed(installed, tmp_path, "-c", code).stdout.strip() == "Leucanthemum vulgare"


def test_the_wheel_checks_itself(installed: Path, tmp_path: Path) -> None:
    done = run_installed(installed, tmp_path, "-m", "flowersorter", "self-check", "--json")
    answer = json.loads(done.stdout)
    assert [check for check in answer["checks"] if not check["ok"]] == []
    (resources,) = [check for check in answer["checks"] if check["name"] == "resources"]
    assert Path(resources["detail"]).is_relative_to(installed)


def test_the_wheel_says_under_which_licences(installed: Path) -> None:
    (info,) = installed.glob("flowersorter-*.dist-info")
    names = {path.name for path in info.rglob("*.txt")} | {path.name for path in info.rglob("LICENSE")}
    assert {"LICENSE", "THIRD-PARTY.txt"} <= names
