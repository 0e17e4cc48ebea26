"""Words for people: reasons, stages, counts and durations, all translatable.

Nothing outside `ui` and `cli` makes sentences; rooms hand over codes and numbers.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from PySide6 import QtGui
from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QDateTime, QLocale, Qt, QTimeZone

from flowersorter import sentences
from flowersorter.jobs.failures import as_refusal
from flowersorter.progress import Stage
from flowersorter.records import Reason, Receipt, Undone

translate = QCoreApplication.translate

_STAGES: Final[dict[Stage, Any]] = {
    Stage.STARTING: QT_TRANSLATE_NOOP("messages", "Getting ready"),
    Stage.SCANNING: QT_TRANSLATE_NOOP("messages", "Looking for photos"),
    Stage.READING: QT_TRANSLATE_NOOP("messages", "Looking at the photos"),
    Stage.CLASSIFYING: QT_TRANSLATE_NOOP("messages", "Naming the flowers"),
    Stage.TRAINING: QT_TRANSLATE_NOOP("messages", "Learning"),
    Stage.EVALUATING: QT_TRANSLATE_NOOP("messages", "Checking what was learned"),
    Stage.SAVING: QT_TRANSLATE_NOOP("messages", "Saving"),
    Stage.CHECKING: QT_TRANSLATE_NOOP("messages", "Checking the plan"),
    Stage.MOVING: QT_TRANSLATE_NOOP("messages", "Filing the photos"),
    Stage.UNDOING: QT_TRANSLATE_NOOP("messages", "Putting the photos back"),
    Stage.RECOVERING: QT_TRANSLATE_NOOP("messages", "Tidying up after the last run"),
    Stage.DOWNLOADING: QT_TRANSLATE_NOOP("messages", "Downloading"),
}


def plural(n: int, one: str, many: str) -> str:
    """The form for `n`, so that English needs no translation file.

    Both forms come translated, e.g. ``plural(n, self.tr("%Ln photo", "", n), self.tr("%Ln photos", "", n))``.
    """
    return one if n == 1 else many


def tip(words: str) -> str:
    """Words for a tool tip that shows them as they are: a name may look like a tag."""
    return QtGui.Qt.convertFromPlainText(words) if QtGui.Qt.mightBeRichText(words) else words


def stage_words(stage: Stage) -> str:
    return translate("messages", _STAGES[stage])


def say(reason: Reason) -> str:
    """The sentence of a reason, in the user's language."""
    return sentences.say(reason, lambda text: translate("sentences", text))


def unwritten(done: Receipt | Undone) -> tuple[str, ...]:
    """What the history does not know of something that was done, and what that means; mostly nothing."""
    return tuple(map(say, sentences.unwritten(done)))


def say_error(error: Exception) -> str:
    """The sentence for a failed task."""
    return say(as_refusal(error).reason)


def number(value: int) -> str:
    """An integer with the locale's separators."""
    return QLocale().toString(value)


def decimal(value: float, places: int) -> str:
    """A number with so many places behind the locale's decimal point."""
    return QLocale().toString(value, "f", places)


def short(value: float) -> str:
    """A number without places that say nothing: 2, 0.5."""
    return QLocale().toString(value, "g", 4)


def percent(share: float) -> str:
    """A share from 0 to 1 in whole percent. Never 100 for what is not certain."""
    whole = round(share * 100)
    if whole == 100 and share < 1:
        whole = 99
    return translate("messages", "{number} %").format(number=whole)


def photos(n: int) -> str:
    return plural(
        n, translate("messages", "%Ln photo", None, n), translate("messages", "%Ln photos", None, n)
    )


def species(n: int) -> str:
    return plural(
        n, translate("messages", "%Ln species", None, n), translate("messages", "%Ln species", None, n)
    )


def uncertified(max_wrong: float, missing: int | None) -> str:
    """Why nothing is filed on its own, and how to go on; `missing` is how many more photos would do."""
    words = translate(
        "messages",
        "With so few photos taught, FlowerSorter cannot keep “at most {wrong} wrong in 100”, so it files "
        "nothing on its own.",
    ).format(wrong=short(max_wrong))
    if missing is not None:
        one = translate("messages", "About %Ln more photo would do.", None, missing)
        many = translate("messages", "About %Ln more photos would do.", None, missing)
        words += " " + plural(missing, one, many)
    return (
        words
        + " "
        + translate(
            "messages",
            "Accepting is quick: select the photos that are right and press Enter, or right-click a species.",
        )
    )


def bytes_words(size: int) -> str:
    return QLocale().formattedDataSize(size, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)


def device_words(device: str) -> str:
    """A device as ``ChosenDevice`` writes it, e.g. "cpu (2 threads)", in the gardener's words."""
    name, _, detail = device.partition(" ")
    words = {
        "cpu": translate("messages", "the processor"),
        "cuda": translate("messages", "the graphics card"),
        "mps": translate("messages", "the graphics processor"),
    }.get(name, name)
    return f"{words} {detail}".rstrip()


def duration(seconds: float) -> str:
    """A rough duration as a person says it: "12 seconds", "3 minutes", "1 h 20 min"."""
    whole = round(seconds)
    if whole < 60:
        return plural(
            whole,
            translate("messages", "%Ln second", None, whole),
            translate("messages", "%Ln seconds", None, whole),
        )
    minutes = round(whole / 60)
    if minutes < 60:
        return plural(
            minutes,
            translate("messages", "%Ln minute", None, minutes),
            translate("messages", "%Ln minutes", None, minutes),
        )
    return translate("messages", "{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)


def time_left(seconds: float) -> str:
    return translate("messages", "about {duration} left").format(duration=duration(max(1.0, seconds)))


def date_words(iso: str) -> str:
    """A moment in ISO 8601 as people here write it, in their own time."""
    moment = QDateTime.fromString(iso, Qt.DateFormat.ISODate).toTimeZone(QTimeZone.systemTimeZone())
    return QLocale().toString(moment, QLocale.FormatType.ShortFormat)


def place(path: Path) -> str:
    """A folder as people read it: ``~`` for the home folder, replacement characters for odd bytes."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - pathlib's raises where there is none
    if path != home and path.is_relative_to(home):
        return "~/" + sentences.show_path(path.relative_to(home))
    return sentences.show_path(path)
