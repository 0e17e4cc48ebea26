"""What each reason code says to a person: one plain sentence, and what to do next where it helps.

English templates with the reason's arguments; the window translates the template (ui/messages.py),
the command line uses it as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from flowersorter.records import Code, Reason, Receipt, Undone

SENTENCES: Final[dict[Code, str]] = {
    Code.UNSURE: "FlowerSorter is not sure which species this is.",
    Code.LEFT_BY_CHOICE: "You chose to leave it where it is.",
    Code.ALREADY_IN_PLACE: "It is already in its species folder.",
    Code.IN_ALBUM: "It lies in the album “{album}”, and albums stay as they are.",
    Code.UNREADABLE: "The picture is damaged or incomplete.",
    Code.NOT_A_PICTURE: "The file is not a picture, although its name says so.",
    Code.TOO_LARGE: "The picture is too large to open safely.",
    Code.TOO_SLOW: "The picture took too long to open.",
    Code.DECODER_DIED: "The picture could not be opened: reading it crashed the reader.",
    Code.PLACEHOLDER: "The photo is in the cloud and not on this computer. Download it first.",
    Code.CHANGED_MEANWHILE: "The photo was changed after FlowerSorter looked at it. Sort again to include it.",
    Code.VANISHED: "The photo is no longer there.",
    Code.IDENTICAL_ALREADY_THERE: "The same photo is already in the species folder.",
    Code.CANCELLED: "You stopped before its turn came.",
    Code.NO_PERMISSION: "You do not have the right to move or read it.",
    Code.DISK_FULL: "The disk is full. Free some space and try again.",
    Code.READ_ONLY: "The disk or folder is write-protected.",
    Code.IO_ERROR: "The disk reported an error.",
    Code.DEVICE_GONE: "The drive is no longer connected.",
    Code.NAME_TOO_LONG: "The path would be too long for this disk.",
    Code.FILE_BUSY: "Another program is using the file. Close it and try again.",
    Code.COPY_DIFFERS: "The copy did not match the original, so the original was kept.",
    Code.TARGET_TAKEN: "A file with that name appeared in the species folder.",
    Code.FOLDER_IS_LINK: "“{path}” is a link to another place, and FlowerSorter follows no links. Put the folder itself back and try again.",
    Code.EDITED_SINCE: "It was edited after it was moved.",
    Code.RENAMED_SINCE: "It is no longer where FlowerSorter put it.",
    Code.PLACE_TAKEN: "Another file has taken its old place.",
    Code.DRIVE_MISSING: "Connect the drive “{volume}” and undo again.",
    Code.NO_PHOTOS: "There are no photos in “{path}”.",
    Code.EMPTY_FOLDER: "The folder “{folder}” has no photos.",
    Code.STRAY_FILE: "This photo lies outside the species folders and is not used.",
    Code.NESTED_FOLDER: "This folder lies inside a species folder and is not used.",
    Code.ONE_SPECIES: "There is only one species in “{path}”. Put photos of at least two species into folders of their own.",
    Code.TOO_FEW_PHOTOS: "“{species}” has too few photos ({photos}): it is taught, but cannot be checked.",
    Code.NOT_A_FOLDER: "“{path}” is not a folder, or it is no longer there.",
    Code.FOLDER_UNREADABLE: "“{path}” cannot be opened. Check that you have the right to read it.",
    Code.FOLDER_PROTECTED: "“{path}” belongs to another photo program. Moving its photos would damage its catalogue; choose Copy instead.",
    Code.FOLDER_ASKS_FIRST: "“{path}” is a special folder ({kind}). Make sure that you want to sort it.",
    Code.FOLDER_NOT_JOURNALLED: "The disk of “{path}” is not safe against power cuts, so every photo is copied and checked before its original goes. That takes longer.",
    Code.NO_MODEL: "FlowerSorter has not been taught any flowers yet. Teach it from a folder with one subfolder per species.",
    Code.MODEL_NOT_FOUND: "There is no model “{model}”.",
    Code.MODEL_DAMAGED: "The model “{model}” is damaged and cannot be used. Choose another one or teach it again.",
    Code.MODEL_TOO_NEW: "The model “{model}” was made by a newer FlowerSorter. Please update the program.",
    Code.MODEL_OTHER_NETWORK: "The model “{model}” was made for another network and cannot be used.",
    Code.MODEL_CANNOT_LEARN: "The model “{model}” does not carry what it was taught on, so it cannot learn from corrections. Teach it again from its folder first.",
    Code.MODEL_OUTGROWN: "The model “{model}” grew from an earlier version of the one that comes with FlowerSorter, so it cannot learn any more. Teach it again from its folder, or remove it to use the new version; your corrections of photos are kept.",
    Code.NOTHING_TO_LEARN: "FlowerSorter no longer remembers what the corrected photos look like. Sort their folder again, then let it learn from them.",
    Code.MODEL_NEEDS_WEIGHTS: "The model “{model}” needs the network that it was taught on ({base}). Download it, or choose its weights file, on the Models page.",
    Code.NO_WEIGHTS: "FlowerSorter needs a pre-trained ResNet-18 before it can learn. Download it, or choose a weights file, on the Models page.",
    Code.WEIGHTS_NOT_FOUND: "The weights file “{path}” is not there.",
    Code.WEIGHTS_DAMAGED: "The weights file “{path}” is damaged or is no weights file.",
    Code.WEIGHTS_OTHER_NETWORK: "The weights file “{path}” belongs to another network; FlowerSorter needs a ResNet-18.",
    Code.DOWNLOAD_FAILED: "The download did not work: {detail}. Check the internet connection and try again; it goes on where it stopped.",
    Code.DOWNLOAD_CORRUPT: "The downloaded file is not what it should be, so it was deleted. Try again later.",
    Code.DEVICE_UNUSABLE: "The device “{device}” cannot be used: {detail}.",
    Code.NOTHING_TO_UNDO: "There is nothing to undo.",
    Code.BATCH_NOT_FOUND: "There is no batch {batch} in the history.",
    Code.BATCH_UNFINISHED: "An interrupted run has to be finished first. Start FlowerSorter again.",
    Code.ANOTHER_INSTANCE: "FlowerSorter is already running. Use its window, or close it first.",
    Code.FOLDER_IN_USE: "Another FlowerSorter is sorting into “{path}”. Wait until it has finished.",
    Code.STORE_DAMAGED: "FlowerSorter's own file “{path}” was damaged. It was set aside as “{aside}”; your photos are not affected.",
    Code.HISTORY_LOST: "The history begins anew: what was done before cannot be taken back here.",
    Code.HISTORY_BEHIND: "Your photos are not affected. FlowerSorter completes its history when it starts again.",
    Code.STORE_TOO_NEW: "FlowerSorter's own file “{path}” was written by a newer FlowerSorter. Please update the program.",
    Code.BAD_NAME: "“{name}” cannot be used as a name.",
    Code.FILE_UNUSABLE: "“{path}” cannot be used: {detail}.",
    Code.SYSTEM_REFUSED: "The system could not do it: {detail}. Try again.",
    Code.DEFECT: "Something went wrong inside FlowerSorter ({detail}). What was moved by then is in the history.",
    Code.BAD_ARGUMENT: "{detail}",
    Code.NAME_TAKEN: "There is already something called “{name}”.",
    Code.NO_SCREEN: "There is no screen to show the window on. The commands need none: see flowersorter --help.",
}


def say(reason: Reason, translate: Callable[[str], str] = str) -> str:
    """The sentence of a reason. A missing argument shows as its name, never as an error."""
    return translate(SENTENCES[reason.code]).format_map(_Arguments(reason.arguments))


def unwritten(done: Receipt | Undone) -> tuple[Reason, ...]:
    """What there is to say where the end of something is not in the journal: why, and what that means."""
    if done.unwritten is None:
        return ()
    lost = done.unwritten.code is Code.STORE_DAMAGED
    return done.unwritten, Reason(Code.HISTORY_LOST if lost else Code.HISTORY_BEHIND)


def show_path(path: Path) -> str:
    """A path as text that can be printed: bytes that are not UTF-8 become replacement characters."""
    return os.fsencode(path).decode("utf-8", "replace")


class _Arguments(dict[str, object]):
    def __init__(self, arguments: dict[str, object]) -> None:
        super().__init__(
            (name, show_path(value) if isinstance(value, Path) else value)
            for name, value in arguments.items()
        )

    def __missing__(self, name: str) -> str:
        return name
