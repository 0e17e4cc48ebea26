"""The model library: find, list, import, export and remove models. Needs no torch.

``models/<slug>/<version>/`` holds one model file (`learning.bundle`); the newest version is in force and the
earlier ones are kept.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from send2trash import send2trash

from flowersorter.learning.bundle import UNFINISHED, ModelInfo, copy_model, read_info
from flowersorter.paths import Home
from flowersorter.records import Code, Refused
from flowersorter.resources import resource
from flowersorter.settings import Settings

MAX_NAME = 100  # characters
_PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")  # Windows has devices of these names


def list_models(home: Home) -> list[ModelInfo]:
    """The newest readable version of every model, by name, and the built-in one last."""
    newest = [_newest_readable(folder) for folder in _folders(home.models)]
    models = sorted((info for info in newest if info is not None), key=lambda info: info.name.casefold())
    builtin = builtin_model()
    return models if builtin is None else [*models, read_info(builtin)]


def find_model(home: Home, settings: Settings, name_or_path: str | None) -> ModelInfo:
    """The named model, or the one in a folder; None means the settings' one, else the built-in.

    Raises `Refused`: NO_MODEL, MODEL_NOT_FOUND, MODEL_DAMAGED, MODEL_TOO_NEW.
    """
    wanted = name_or_path or settings.model
    versions = _versions(home.models / slug(wanted)) if wanted else []
    if versions:
        with refusals_named(wanted):
            return read_info(versions[-1])
    builtin = builtin_model()
    if builtin is not None:
        info = read_info(builtin)
        if not wanted or slug(wanted) == slug(info.name):
            return info
    if not wanted:
        raise Refused(Code.NO_MODEL)
    folder = Path(wanted).expanduser()
    if name_or_path and (folder / "manifest.json").exists():
        return read_info(folder.absolute())
    raise Refused(Code.MODEL_NOT_FOUND, model=wanted)


@contextmanager
def refusals_named(name: str) -> Iterator[None]:
    """Let a refusal of the model file name the model as people know it, not the folder it lies in."""
    try:
        yield
    except Refused as refusal:
        raise Refused(refusal.reason.code, **{**refusal.reason.arguments, "model": name}) from refusal


@contextmanager
def disk_errors_refused() -> Iterator[None]:
    """Say a full, failing or protected disk as a refusal."""
    codes = {
        errno.ENOSPC: Code.DISK_FULL,
        errno.EACCES: Code.NO_PERMISSION,
        errno.EPERM: Code.NO_PERMISSION,
        errno.EROFS: Code.READ_ONLY,
    }
    try:
        yield
    except OSError as error:
        raise Refused(codes.get(error.errno or 0, Code.IO_ERROR)) from error


def builtin_model() -> Path | None:
    """The folder of the model that comes with the program, if it has one."""
    folder = resource("models", "garden")
    return folder if (folder / "manifest.json").is_file() else None


def import_model(home: Home, path: Path) -> ModelInfo:
    """Check the model in a folder and copy it into the library, as a new version if its name is taken.

    Raises `Refused`: MODEL_*, and where the disk does not let it (DISK_FULL, NO_PERMISSION ...).
    """
    name = check_name(read_info(path).name)
    with disk_errors_refused():
        folder, version = next_version(home, name)
        return copy_model(path, folder, include_teaching=True, version=version)


def export_model(home: Home, name: str, target: Path, *, include_teaching: bool) -> Path:
    """Write a model's newest version as a new folder `target`; gives that folder.

    Raises `Refused`: NAME_TAKEN where something is there already, and as `import_model`.
    """
    versions = _versions(home.models / slug(name))
    if not versions:
        raise Refused(Code.MODEL_NOT_FOUND, model=name)
    if target.exists() or target.is_symlink():
        raise Refused(Code.NAME_TAKEN, name=target.name)
    with refusals_named(name), disk_errors_refused():
        return copy_model(versions[-1], target, include_teaching=include_teaching).path


def remove_model(home: Home, name: str) -> None:
    """Put a model with all its versions into the wastebasket.

    Raises `Refused`: MODEL_NOT_FOUND, and where the disk does not let it.
    """
    folder = home.models / slug(name)
    if not _versions(folder):
        raise Refused(Code.MODEL_NOT_FOUND, model=name)
    with disk_errors_refused():
        send2trash(folder)


def next_version(home: Home, name: str) -> tuple[Path, int]:
    """The folder and number of the version that comes next under that name; sweeps what a kill left there."""
    folder = home.models / slug(name)
    for half_written in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(half_written)
    versions = _versions(folder)
    number = int(versions[-1].name) + 1 if versions else 1
    return folder / f"{number:04d}", number


def check_name(name: str) -> str:
    """A name that can be typed and shown. Raises `Refused` (BAD_NAME)."""
    tidy = unicodedata.normalize("NFC", name).strip()
    if not tidy or len(tidy) > MAX_NAME or not tidy.isprintable() or "/" in tidy or "\\" in tidy:
        raise Refused(Code.BAD_NAME, name=name)
    return tidy


def slug(name: str) -> str:
    """The folder of a name: legal everywhere, and the same for names that differ in case only."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    words = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:40].strip("-")
    if words == folded and _PLAIN.fullmatch(words) and not _RESERVED.fullmatch(words):
        return words
    mark = hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{words}-{mark}" if words else mark


def _newest_readable(folder: Path) -> ModelInfo | None:
    for version in reversed(_versions(folder)):
        try:
            return read_info(version)
        except Refused:
            continue  # choosing this model by name says what is wrong with it
    return None


def _versions(folder: Path) -> list[Path]:
    """The version folders of one model, oldest first."""
    return [path for path in _folders(folder) if path.name.isdecimal() and path.name.isascii()]


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    shown = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(
        shown, key=lambda path: (len(path.name), path.name) if path.name.isdecimal() else (0, path.name)
    )
