"""Learning more deeply through the command line, and then sorting with that model."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.commands import Command
from support.pictures import draw_library
from support.trees import tree

from flowersorter.learning import learner
from flowersorter.learning.learner import Depth
from flowersorter.paths import Home


def test_teach_deeply_and_sort(
    ready: Home, mixture: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner, "Depth", partial(Depth, epochs=1, views=2, batch=8))
    draw_library(tmp_path / "few", 5, size=(96, 72))
    answer = command("teach", tmp_path / "few", "--name", "deep", "--method", "finetune", "--device", "cpu")
    assert answer.status == 0
    assert answer.json["method"] == "finetune"
    assert len(answer.json["epochs"]) == 1
    assert "minute" in answer.stderr
    before = tree(mixture)
    planned = command("sort", mixture, "--model", "deep", "--dry-run", "--device", "cpu")
    assert planned.status == 0
    assert planned.json["model"] == "deep"
    assert planned.json["found"] == len(planned.json["photos"]) == 22
    assert tree(mixture) == before
