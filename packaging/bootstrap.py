#!/usr/bin/env python3
"""Set up FlowerSorter in a checkout and start it, or run all its tests. Standard library only.

    python3 packaging/bootstrap.py start [FOLDER]     (Windows: py packaging\\bootstrap.py start)
    python3 packaging/bootstrap.py test [PYTEST OPTIONS]

Both make a virtual environment in .venv once; --cpu takes PyTorch's CPU build, which is much smaller.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "flowersorter-setup"
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"

# What Qt's window needs of the system, by shared object; desktop installations mostly have all of it.
SYSTEM_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}


def main(arguments: list[str]) -> int:
    """Carry out one of the two commands and return its exit status."""
    cpu = "--cpu" in arguments
    arguments = [argument for argument in arguments if argument != "--cpu"]
    if not arguments or arguments[0] not in ("start", "test"):
        print(__doc__)
        return 2
    if sys.version_info < (3, 11):
        stop(f"FlowerSorter needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    refuse_machines_without_torch()
    if sys.platform == "linux":
        provide_system_packages()
    python = environment(dev=arguments[0] == "test", cpu=cpu)
    if arguments[0] == "start":
        # -P: what is started does not hang on the folder that one happens to be in
        return become([str(python), "-P", "-m", "flowersorter", *arguments[1:]])
    return run_checks(python, arguments[1:])


def refuse_machines_without_torch() -> None:
    """PyTorch comes neither for Intel's Macs nor for Python on ARM's Windows any more."""
    machine = sys.platform, platform.machine().lower()
    if machine == ("darwin", "x86_64"):
        stop("FlowerSorter needs a Mac with Apple silicon, and a Python that is made for it.")
    if machine == ("win32", "arm64"):
        stop("FlowerSorter needs the 64-bit Python for x64 from python.org, also on this computer.")


def provide_system_packages() -> None:
    """Install what Qt and the virtual environment need of the system, or say how."""
    missing = [package for library, package in SYSTEM_LIBRARIES.items() if not is_there(library)]
    if importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    if not missing:
        return
    names = " ".join(sorted(set(missing)))
    if shutil.which("apt-get") is None:
        stop(f"Please install these system packages (Debian's names) and start again: {names}")
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and shutil.which("sudo") is None:
        stop(f"Please run this as root and start again: apt-get install {names}")
    print(f"FlowerSorter's window needs these system packages; installing them now: {names}", flush=True)
    subprocess.call([*prefix, "apt-get", "update", "-q"])  # a stale list may still do; the next line tells
    install = [*prefix, "apt-get", "install", "-y", "-q", "--no-install-recommends", *names.split()]
    if subprocess.call(install) != 0:
        stop(f"That did not work. Please install them yourself and start again: {names}")


def is_there(library: str) -> bool:
    """Whether the dynamic linker finds a shared object."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def environment(*, dev: bool, cpu: bool) -> Path:
    """Make or update the virtual environment and return its Python."""
    wanted = fingerprint(dev=dev)
    installed = STAMP.read_text("utf-8").split() if STAMP.exists() else []
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists() and wanted in installed:
        return python
    if not is_sound(python):
        run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])
    print("Installing what FlowerSorter needs; the first time this takes some minutes.", flush=True)
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    if cpu:
        run([*pip, "torch>=2.14", "torchvision>=0.29", "--index-url", CPU_WHEELS])
    run([*pip, "-e", f"{ROOT}[dev]" if dev else str(ROOT)])  # so that an update of this folder counts
    # with the tests' tools everything is there that the window needs
    done = {wanted, fingerprint(dev=False)} if dev else {wanted}
    STAMP.write_text("\n".join(sorted(done)) + "\n", "utf-8")
    return python


def is_sound(python: Path) -> bool:
    """Whether the environment was made whole, here, and for the Python that the system still has."""
    settings = ENVIRONMENT / "pyvenv.cfg"
    if not python.exists() or not settings.exists() or str(ENVIRONMENT) not in settings.read_text("utf-8"):
        return False
    return subprocess.call([str(python), "-c", "import pip"], stderr=subprocess.DEVNULL) == 0


def fingerprint(*, dev: bool) -> str:
    """Changes when the requirements do, this folder moves, or Python is another version."""
    text = (ROOT / "pyproject.toml").read_bytes()
    made_for = f"{dev} {ROOT} {sys.version_info[:2]}"
    return hashlib.sha256(text + made_for.encode("utf-8", "surrogateescape")).hexdigest()


def become(command: list[str]) -> int:
    """Run the program in our place: it alone gets Ctrl+C, finishes the photo in hand, and ends."""
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the program got it, too


def run_checks(python: Path, pytest_options: list[str]) -> int:
    """Run every check even if one fails; the exit status says whether all passed."""
    tools = python.parent
    checks = [
        [str(tools / "ruff"), "check", "."],
        [str(tools / "ruff"), "format", "--check", "."],
        [str(tools / "mypy")],
        [str(tools / "lint-imports")],
        [str(python), "-m", "pytest", *pytest_options],
    ]
    failed = []
    for check in checks:
        print("$", *check, flush=True)
        if subprocess.call(check, cwd=ROOT) != 0:
            failed.append(Path(check[0]).name if "pytest" not in check else "pytest")
    if failed:
        print("failed:", ", ".join(failed))
    return 1 if failed else 0


def run(command: list[str]) -> None:
    """Run one step of the set-up; its own output says what went wrong."""
    if subprocess.call(command) != 0:
        stop("The set-up did not work; the lines above say why. Mend that and start again.")


def stop(sentence: str) -> NoReturn:
    """Say what is wrong and end."""
    print(sentence, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
