"""Every reason has one plain sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowersorter.records import Code, Reason
from flowersorter.sentences import SENTENCES, say, show_path


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_a_sentence(code: Code) -> None:
    assert SENTENCES[code].endswith((".", "}"))
    assert say(Reason(code))  # a missing argument is no error


def test_arguments_are_filled_in() -> None:
    name = Path(os.fsdecode(b"/garden/ros\xe9"))
    assert say(Reason(Code.NO_PHOTOS, {"path": name})) == "There are no photos in “/garden/ros�”."


def test_a_translation_is_filled_in_after_translating() -> None:
    reason = Reason(Code.NO_PHOTOS, {"path": "Garten"})
    assert say(reason, lambda _: "Keine Fotos in {path}.") == "Keine Fotos in Garten."


def test_a_path_can_always_be_printed() -> None:
    show_path(Path(os.fsdecode(bytes(range(1, 256)).replace(b"/", b"")))).encode("utf-8")
