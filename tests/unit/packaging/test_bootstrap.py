"""The set-up names what the system lacks, and installs it only where it can."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "packaging" / "bootstrap.py"
PROGRAM = """
import signal, time
asked = []
signal.signal(signal.SIGINT, lambda *_: asked.append(1))
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})
print("started", flush=True)
while not asked:
    signal.pause()
print("asked to stop", flush=True)
signal.sigwait({signal.SIGCONT})
print("ended cleanly", flush=True)
"""


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


def test_the_environment_is_made_anew_when_the_folder_moved(bootstrap: ModuleType, tmp_path: Path) -> None:
    before = bootstrap.fingerprint(dev=False)
    (tmp_path / "pyproject.toml").write_bytes((bootstrap.ROOT / "pyproject.toml").read_bytes())
    bootstrap.ROOT = tmp_path
    assert bootstrap.fingerprint(dev=False) != before


def test_a_whole_environment_is_kept_and_a_broken_one_made_anew(
    bootstrap: ModuleType, tmp_path: Path
) -> None:
    """A set-up that was stopped while pip came, an environment that moved, and one whose Python is gone."""
    bootstrap.ENVIRONMENT = tmp_path / ".venv"
    python = bootstrap.ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    assert not bootstrap.is_sound(python)
    make = [sys.executable, "-m", "venv", "--without-pip", str(bootstrap.ENVIRONMENT)]
    subprocess.run(make, check=True)
    assert not bootstrap.is_sound(python)
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    Path(packages, "pip.py").touch()
    assert bootstrap.is_sound(python)
    settings = bootstrap.ENVIRONMENT / "pyvenv.cfg"
    settings.write_text(settings.read_text("utf-8").replace(str(tmp_path), "/elsewhere"), "utf-8")
    assert not bootstrap.is_sound(python)


@pytest.mark.skipif(os.name == "nt", reason="there the set-up waits for the program")
def test_ctrl_c_leaves_the_program_the_time_to_end_cleanly(tmp_path: Path) -> None:
    """As a terminal sends it: to every process of the command."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['become']([sys.executable, *sys.argv[2:]])"
    command = [sys.executable, "-c", code, str(SCRIPT), str(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "asked to stop\n"
        os.killpg(process.pid, signal.SIGCONT)
        assert process.stdout.read() == "ended cleanly\n"
    assert process.returncode == 0


@pytest.mark.parametrize(("system", "machine"), [("darwin", "x86_64"), ("win32", "ARM64")])
def test_a_machine_for_which_there_is_no_torch_is_told_so(
    bootstrap: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    system: str,
    machine: str,
) -> None:
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(SystemExit) as ended:
        bootstrap.refuse_machines_without_torch()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("FlowerSorter needs ")


def test_a_real_library_is_found_and_a_made_up_one_is_not(bootstrap: ModuleType) -> None:
    assert bootstrap.is_there("libc.so.6")
    assert not bootstrap.is_there("libflowers.so.1")
