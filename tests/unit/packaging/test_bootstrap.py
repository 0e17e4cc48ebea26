"""The set-up names what the system lacks, and installs it only where it can."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "packaging" / "bootstrap.py"


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def commands(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were called; all succeed."""
    called: list[list[str]] = []

    def call(command: list[str], **_options: object) -> int:
        called.append(command)
        return 0

    monkeypatch.setattr(subprocess, "call", call)
    return called


def lacking(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, *libraries: str, tools: str) -> None:
    monkeypatch.setattr(bootstrap, "is_there", lambda library: library not in libraries)
    monkeypatch.setattr("shutil.which", lambda tool: f"/usr/bin/{tool}" if tool in tools.split() else None)


def test_nothing_is_installed_where_nothing_is_missing(
    bootstrap: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking(bootstrap, monkeypatch, tools="apt-get")
    bootstrap.provide_system_packages()
    assert commands == []


@pytest.mark.parametrize(("user", "prefix"), [(0, []), (1000, ["sudo"])])
def test_missing_libraries_are_installed_by_their_packages(
    bootstrap: ModuleType,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    prefix: list[str],
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    lacking(bootstrap, monkeypatch, "libEGL.so.1", "libxcb-cursor.so.0", tools="apt-get sudo")
    bootstrap.provide_system_packages()
    assert commands[-1][: len(prefix) + 2] == [*prefix, "apt-get", "install"]
    assert commands[-1][-2:] == ["libegl1", "libxcb-cursor0"]


def test_a_system_without_apt_is_told_the_names(
    bootstrap: ModuleType,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    lacking(bootstrap, monkeypatch, "libGL.so.1", tools="")
    with pytest.raises(SystemExit) as ended:
        bootstrap.provide_system_packages()
    assert ended.value.code == 2
    assert "libgl1" in capsys.readouterr().err
    assert commands == []


def test_the_environment_is_made_anew_when_the_requirements_change(
    bootstrap: ModuleType, tmp_path: Path
) -> None:
    before = bootstrap.fingerprint(dev=False)
    assert before != bootstrap.fingerprint(dev=True)
    bootstrap.ROOT = tmp_path
    (tmp_path / "pyproject.toml").write_text("[project]\n", "utf-8")
    assert bootstrap.fingerprint(dev=False) != before


def test_a_real_library_is_found_and_a_made_up_one_is_not(bootstrap: ModuleType) -> None:
    assert bootstrap.is_there("libc.so.6")
    assert not bootstrap.is_there("libflowers.so.1")
