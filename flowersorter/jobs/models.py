"""The model library: find, list, import, export and remove models. Needs no torch.

``models/<slug>/<version>/`` holds one model file (`learning.bundle`). One version is in force
(`jobs.versions`), and the others are kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from send2trash import send2trash

from flowersorter.jobs.versions import (
    NONE,
    UNFINISHED_MARK,
    folders_of,
    hold_in_force,
    in_force,
    put_in_force,
)
from flowersorter.learning.bundle import (
    UNFINISHED,
    ModelInfo,
    copy_model,
    read_info,
    read_model,
    read_teaching,
)
from flowersorter.paths import Home
from flowersorter.records import Code, Refused
from flowersorter.resources import resource
from flowersorter.settings import Settings
from flowersorter.sorting.troubles import refusal_of

MAX_NAME = 100  # characters
_PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")  # Windows has devices of these names


def list_models(home: Home) -> list[ModelInfo]:
    """The version in force of every model (else its newest readable), by name, and the built-in one last.

    A model of the same name, which learned from corrections of the built-in one, stands in its place.
    """
    found = [info for folder in _folders(home.models) if (info := _readable(folder)) is not None]
    builtin = builtin_info()
    if builtin is not None and slug(builtin.name) not in {slug(info.name) for info in found}:
        found.append(builtin)
    last = None if builtin is None else slug(builtin.name)
    return sorted(found, key=lambda info: (slug(info.name) == last, info.name.casefold()))


def find_model(home: Home, settings: Settings, name_or_path: str | None) -> ModelInfo:
    """The named model, or the one in a folder; None means the settings' one, else the built-in.

    What the built-in model became by corrections stands in its place.
    Raises `Refused`: NO_MODEL, MODEL_NOT_FOUND, MODEL_DAMAGED, MODEL_TOO_NEW.
    """
    wanted = name_or_path or settings.model
    if wanted and (version := in_force(home.models / slug(wanted))) is not None:
        with refusals_named(wanted):
            return read_info(version)
    builtin = builtin_info()
    if builtin is not None and (not wanted or slug(wanted) == slug(builtin.name)):
        version = in_force(home.models / slug(builtin.name))
        return builtin if version is None else read_info(version)
    if not wanted:
        raise Refused(Code.NO_MODEL)
    folder = Path(os.path.expanduser(wanted))  # noqa: PTH111 - pathlib's raises for unknown users
    if name_or_path and (folder / "manifest.json").exists():
        return read_info(folder.absolute())
    raise Refused(Code.MODEL_NOT_FOUND, model=wanted)


def list_versions(home: Home, name: str) -> list[ModelInfo]:
    """The readable versions of a model, newest first; of the built-in one, which has no folder, the one."""
    builtin = builtin_info()
    if builtin is not None and slug(builtin.name) == slug(name) and not folders_of(home.models / slug(name)):
        return [builtin]
    versions = []
    for folder in reversed(folders_of(home.models / slug(name))):
        with suppress(Refused):
            versions.append(read_info(folder))
    return versions


def use_version(home: Home, name: str, version: int) -> ModelInfo:
    """Put a version in force; the built-in model has but one, which always is.

    Raises `Refused`: MODEL_*, and where the disk does not let it.
    """
    model = home.models / slug(name)
    folder = model / f"{version:04d}"
    if not folders_of(model):
        info = find_model(home, Settings(), name)
        if info.version == version:
            return info
    if not folder.is_dir():
        raise Refused(Code.MODEL_NOT_FOUND, model=f"{name}, version {version}")
    with refusals_named(name), disk_errors_refused():
        info = read_model(folder).info
        put_in_force(folder)
    return info


def go_back(home: Home, name: str) -> ModelInfo:
    """Put back the version before the one in force, which may be damaged.

    Before the first version of what grew from the built-in model was that itself. Raises `Refused`:
    MODEL_NOT_FOUND where there is none.
    """
    now = in_force(home.models / slug(name))
    earlier = [info.version for info in list_versions(home, name) if now and info.path.name < now.name]
    builtin = builtin_info()
    if now and not earlier and builtin is not None and slug(builtin.name) == slug(name):
        with disk_errors_refused():
            put_in_force(now.with_name(NONE))
        return builtin
    if not earlier:
        detail = f"{name} before version {int(now.name)}" if now else name
        raise Refused(Code.MODEL_NOT_FOUND, model=detail)
    return use_version(home, name, earlier[0])


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
    try:
        yield
    except OSError as error:
        raise refusal_of(error, Path(error.filename or "")) from error


def builtin_model() -> Path | None:
    """The folder of the model that comes with the program, if it has one."""
    folder = resource("models", "garden")
    return folder if (folder / "manifest.json").is_file() else None


def builtin_info() -> ModelInfo | None:
    """The model that comes with the program, if it has one. Raises `Refused`: MODEL_DAMAGED."""
    folder = builtin_model()
    return None if folder is None else read_info(folder)


def is_builtin(info: ModelInfo) -> bool:
    """Whether a model is the one that comes with the program, or has its name and its backbone."""
    builtin = builtin_info()
    if builtin is None:
        return False
    return (info.name, info.backbone_sha256) == (builtin.name, builtin.backbone_sha256)


def taught_digests(info: ModelInfo) -> frozenset[str]:
    """The digests of the photos that taught a model or its backbone, as far as is known.

    Raises `Refused`: MODEL_*.
    """
    places = [info.path]
    builtin = builtin_info()
    if builtin is not None and (info.base_id == "builtin" or info.backbone_sha256 == builtin.backbone_sha256):
        places.append(builtin.path)
    found = [teaching for place in places if (teaching := read_teaching(place)) is not None]
    return frozenset(digest for one in found for digest in (*one.digests, *one.others))


def learned_by_layers(backbone_sha256: str | None = None) -> frozenset[str]:
    """The digests of the photos that the built-in layers themselves have learned; none for other layers.

    A head on these layers says nothing true of such photos, though it never saw them. None asks for the
    built-in layers, whatever they are. Raises `Refused`: MODEL_DAMAGED.
    """
    builtin = builtin_info()
    if builtin is None or backbone_sha256 not in (None, builtin.backbone_sha256):
        return frozenset()
    teaching = read_teaching(builtin.path)
    if teaching is None:
        return frozenset()
    return frozenset((*teaching.others, *(teaching.digests[place] for place in teaching.corrected)))


def import_model(home: Home, path: Path) -> ModelInfo:
    """Check the model in a folder and copy it into the library, as a new version if its name is taken.

    Raises `Refused`: MODEL_*, and where the disk does not let it (DISK_FULL, NO_PERMISSION ...).
    """
    name = check_name(read_info(path).name)
    with disk_errors_refused():
        hold_in_force(home.models / slug(name))  # until the new one is whole
        folder, version = next_version(home, name)
        info = copy_model(path, folder, include_teaching=True, version=version)
        put_in_force(folder)
    return info


def export_model(home: Home, name: str, target: Path, *, include_teaching: bool) -> Path:
    """Write a model's version in force as a new folder `target`; gives that folder.

    Raises `Refused`: NAME_TAKEN where something is there already, and as `import_model`.
    """
    info = find_model(home, Settings(), name)
    if target.exists() or target.is_symlink():
        raise Refused(Code.NAME_TAKEN, name=target.name)
    with refusals_named(name), disk_errors_refused():
        return copy_model(info.path, target, include_teaching=include_teaching).path


def remove_model(home: Home, name: str) -> None:
    """Put a model with all its versions into the wastebasket.

    Raises `Refused`: MODEL_NOT_FOUND, and where the disk does not let it.
    """
    folder = home.models / slug(name)
    if not folders_of(folder):
        if list_versions(home, name):
            raise Refused(Code.BAD_ARGUMENT, detail=f"“{name}” came with FlowerSorter and stays.")
        raise Refused(Code.MODEL_NOT_FOUND, model=name)
    with disk_errors_refused():
        send2trash(folder)


def next_version(home: Home, name: str) -> tuple[Path, int]:
    """The folder and number of the version that comes next under that name; sweeps what a kill left there."""
    folder = home.models / slug(name)
    for half_written in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(half_written)
    for half_written in folder.glob(f"{UNFINISHED_MARK}*"):
        half_written.unlink()
    versions = folders_of(folder)
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


def _readable(folder: Path) -> ModelInfo | None:
    marked = in_force(folder)
    for version in [] if marked is None else [marked, *reversed(folders_of(folder))]:
        try:
            return read_info(version)
        except Refused:
            continue  # choosing this model by name says what is wrong with it
    return None


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
