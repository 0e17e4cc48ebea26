"""Calling the command line from tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    status: int
    json: Any
    stderr: str


Command = Callable[..., Answer]
