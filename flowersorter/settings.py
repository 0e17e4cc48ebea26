"""The user's settings: typed, with defaults, in one JSON file.

A damaged file costs the settings, never the start: `load` says which file was set aside.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from flowersorter.own_files import write_whole

Device = Literal["auto", "cpu", "cuda", "mps"]
Method = Literal["head", "recipe", "finetune"]
Appearance = Literal["auto", "light", "dark"]
FlowerNames = Literal["auto", "english", "german", "botanical"]

MAX_RECENT_FOLDERS = 8
LEAST_WRONG, MAX_WRONG = 0.01, 50.0  # percent
_RANGES = {
    "max_wrong": (LEAST_WRONG, MAX_WRONG),
    "cache_megabytes": (0, 10_000_000),
    "thumbnail_side": (32, 2048),
}


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
    flower_names: FlowerNames = "auto"  # German on a German system, else English

    def with_recent(self, folder: Path) -> Settings:
        """The settings after `folder` was opened."""
        name = str(folder)
        rest = [other for other in self.recent_folders if other != name]
        return replace(self, recent_folders=(name, *rest)[:MAX_RECENT_FOLDERS])


def load(file: Path) -> tuple[Settings, Path | None]:
    """Read the settings. The second value is where a damaged file was set aside, else None."""
    try:
        return _from_json(json.loads(file.read_text("utf-8"))), None
    except FileNotFoundError:
        return Settings(), None
    except (ValueError, TypeError, RecursionError):  # the last for brackets without end
        aside = file.with_suffix(".damaged.json")
        os.replace(file, aside)
        return Settings(), aside


def save(file: Path, settings: Settings) -> None:
    """Write the settings in the place of the old ones. Raises OSError."""
    write_whole(file, json.dumps(asdict(settings), indent=2).encode())


def _from_json(values: Any) -> Settings:
    """Known fields with a value that can be; what a newer version or a slip wrote is left out."""
    if not isinstance(values, dict):
        raise TypeError("settings are not an object")
    hints = get_type_hints(Settings)
    known: dict[str, Any] = {}
    for field in fields(Settings):
        with suppress(KeyError, ValueError, TypeError, OverflowError):
            known[field.name] = _checked(field.name, values[field.name], hints[field.name])
    return Settings(**known)


def _checked(name: str, value: Any, hint: Any) -> Any:
    choices = get_args(hint)
    if hint in (Device, Method, Appearance, FlowerNames):
        if value not in choices:
            raise ValueError(f"{value!r} is none of {choices}")
        return value
    if choices:
        if not isinstance(value, list):
            raise TypeError(f"{value!r} is not a list of texts")
        return tuple(_text(item) for item in value)
    if hint is str:
        return _text(value)
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise TypeError(f"{value!r} is not {hint.__name__}")
    least, most = _RANGES.get(name, (value, value))
    if not least <= value <= most:
        raise ValueError(f"{value} is not from {least} to {most}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    os.fsencode(value)  # half a character cannot be in a path, nor be shown
    return value
