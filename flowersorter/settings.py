"""The user's settings: typed, with defaults, in one JSON file.

A damaged file costs the settings, never the start: `load` says which file was set aside.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

Device = Literal["auto", "cpu", "cuda", "mps"]
Method = Literal["head", "recipe", "finetune"]
Appearance = Literal["auto", "light", "dark"]
FlowerNames = Literal["auto", "english", "german", "botanical"]

MAX_RECENT_FOLDERS = 8
MAX_WRONG = 50.0  # percent


@dataclass(frozen=True, slots=True)
class Settings:
    """What the gardener chose. Paths are text, so that the file can be read by people."""

    model: str = ""  # name in the model library; empty = the built-in one, if there is one
    weights_file: str = ""  # a torchvision-layout ResNet-18 state dict that the user pointed at
    device: Device = "auto"
    method: Method = "head"  # how it was taught last
    appearance: Appearance = "auto"
    max_wrong: float = 2.0  # percent of the filed photos that may be wrong
    recursive: bool = False
    albums: bool = False  # also take photos out of folders that a person named
    copy: bool = False
    cache_megabytes: int = 800  # of 10^6 bytes, for what can be computed again
    thumbnail_side: int = 176  # pixels, in the review grid
    recent_folders: tuple[str, ...] = ()
    last_teaching_folder: str = ""
    language: str = ""  # empty = the system's
    flower_names: FlowerNames = "auto"  # German on a German system, else English

    def with_recent(self, folder: Path) -> Settings:
        """The settings after `folder` was opened."""
        name = str(folder)
        rest = [other for other in self.recent_folders if other != name]
        return replace(self, recent_folders=(name, *rest)[:MAX_RECENT_FOLDERS])


def load(file: Path) -> tuple[Settings, Path | None]:
    """Read the settings. The second value is where a damaged file was set aside, else None."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return Settings(), None
    try:
        return _from_json(json.loads(text)), None
    except (ValueError, TypeError):
        aside = file.with_suffix(".damaged.json")
        os.replace(file, aside)
        return Settings(), aside


def save(file: Path, settings: Settings) -> None:
    """Write the settings beside the old file and put them in its place. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as stream:
        json.dump(asdict(settings), stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(beside, file)


def _from_json(values: Any) -> Settings:
    """Known fields of the right type; unknown ones come from a newer version and are left out."""
    if not isinstance(values, dict):
        raise TypeError("settings are not an object")
    hints = get_type_hints(Settings)
    known: dict[str, Any] = {}
    for field in fields(Settings):
        if field.name in values:
            known[field.name] = _checked(values[field.name], hints[field.name])
    settings = Settings(**known)
    if not 0 < settings.max_wrong <= MAX_WRONG:
        raise ValueError(f"{settings.max_wrong} is not above 0 and at most {MAX_WRONG}")
    return settings


def _checked(value: Any, hint: Any) -> Any:
    choices = get_args(hint)
    if hint in (Device, Method, Appearance, FlowerNames):
        if value not in choices:
            raise ValueError(f"{value!r} is none of {choices}")
        return value
    if choices:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise TypeError(f"{value!r} is not a list of texts")
        return tuple(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise TypeError(f"{value!r} is not {hint.__name__}")
    return value
