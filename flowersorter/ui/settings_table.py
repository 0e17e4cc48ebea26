"""Every setting that the dialog shows, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QT_TRANSLATE_NOOP

Words = Any  # what QT_TRANSLATE_NOOP gives back; translated in the context "settings"


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of `Settings`: one of `choices`, or a switch where there are none."""

    key: str
    group: Words
    label: Words
    note: Words = ""
    choices: tuple[tuple[Any, Words], ...] = ()


DEVICES: Final[tuple[tuple[str, Words], ...]] = (
    ("auto", QT_TRANSLATE_NOOP("settings", "Whatever is fastest here")),
    ("cpu", QT_TRANSLATE_NOOP("settings", "The processor")),
    ("cuda", QT_TRANSLATE_NOOP("settings", "The graphics card (NVIDIA)")),
    ("mps", QT_TRANSLATE_NOOP("settings", "The graphics processor (Apple)")),
)

FLOWER_NAMES: Final[tuple[tuple[str, Words], ...]] = (
    ("auto", QT_TRANSLATE_NOOP("settings", "The system’s language")),
    ("english", QT_TRANSLATE_NOOP("settings", "English")),
    ("german", QT_TRANSLATE_NOOP("settings", "German")),
    ("botanical", QT_TRANSLATE_NOOP("settings", "Botanical")),
)

_SORTING = QT_TRANSLATE_NOOP("settings", "Sorting")
APPEARANCES: Final[tuple[tuple[str, Words], ...]] = (
    ("auto", QT_TRANSLATE_NOOP("settings", "As on the rest of the computer")),
    ("light", QT_TRANSLATE_NOOP("settings", "Light")),
    ("dark", QT_TRANSLATE_NOOP("settings", "Dark")),
)

_COMPUTER = QT_TRANSLATE_NOOP("settings", "This computer")

SETTINGS: Final = (
    Setting(
        "max_wrong",
        _SORTING,
        QT_TRANSLATE_NOOP("settings", "Of 100 photos that it files, at most so many may be wrong"),
        QT_TRANSLATE_NOOP("settings", "With a smaller number, more photos are left for you to look at."),
        choices=((1.0, "1"), (2.0, "2"), (5.0, "5"), (10.0, "10")),
    ),
    Setting(
        "flower_names",
        _SORTING,
        QT_TRANSLATE_NOOP("settings", "Names of flowers"),
        QT_TRANSLATE_NOOP("settings", "Folders that are there, and names that you gave, stay as they are."),
        choices=FLOWER_NAMES,
    ),
    Setting(
        "recursive",
        _SORTING,
        QT_TRANSLATE_NOOP("settings", "Look into subfolders as well"),
    ),
    Setting(
        "albums",
        _SORTING,
        QT_TRANSLATE_NOOP("settings", "Take photos out of folders that somebody named"),
        QT_TRANSLATE_NOOP("settings", "Otherwise albums such as “Holiday in Wales” stay as they are."),
    ),
    Setting(
        "copy",
        _SORTING,
        QT_TRANSLATE_NOOP("settings", "Copy photos instead of moving them"),
        QT_TRANSLATE_NOOP("settings", "The plan always offers both."),
    ),
    Setting(
        "device",
        _COMPUTER,
        QT_TRANSLATE_NOOP("settings", "Naming and learning runs on"),
        QT_TRANSLATE_NOOP("settings", "A graphics card that does not work is never used."),
        choices=DEVICES,
    ),
    Setting(
        "appearance",
        _COMPUTER,
        QT_TRANSLATE_NOOP("settings", "The window looks"),
        choices=APPEARANCES,
    ),
    Setting(
        "cache_megabytes",
        _COMPUTER,
        QT_TRANSLATE_NOOP("settings", "Room for what is remembered of photos"),
        QT_TRANSLATE_NOOP("settings", "A photo that is remembered is named at once, wherever it lies now."),
        choices=((200, "200 MB"), (800, "800 MB"), (3_000, "3 GB"), (12_000, "12 GB")),
    ),
)
