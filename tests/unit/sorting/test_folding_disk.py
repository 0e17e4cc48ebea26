"""Promise 11 on a disk that takes "Rose" and "rose", NFC and NFD for one name, as macOS and Windows do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.garden import Garden
from support.trees import contents, tree

from flowersorter.records import Code, Status
from flowersorter.sorting import fileops
from flowersorter.sorting.naming import folder_key


class Folding:
    """Stands in for `fileops.system`: a name that has a twin leads to the twin."""

    def __init__(self, root: Path) -> None:
        self._system = fileops.System()
        self._root = root

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._system, name)
        return lambda *arguments: call(*(self._found(one) for one in arguments))

    def _found(self, argument: Any) -> Any:
        if not isinstance(argument, Path) or self._root not in argument.parents:
            return argument
        folder = self._found(argument.parent)
        twins = [one for one in folder.iterdir() if folder_key(one.name) == folder_key(argument.name)]
        return twins[0] if twins else folder / argument.name


@pytest.fixture
def folding(garden: Garden, monkeypatch: pytest.MonkeyPatch) -> Garden:
    monkeypatch.setattr(fileops, "system", Folding(garden.root))
    return garden


def test_a_twin_that_appears_after_the_plan_is_not_overwritten(folding: Garden) -> None:
    plan = folding.plant("rose_1.jpg", "rose_2.jpg", "Bl\u00fcte_1.jpg").plan()
    for folder, name in (("ROSE", "Rose_1.JPG"), ("blu\u0308te", "BLU\u0308TE_1.jpg")):
        (folding.root / folder).mkdir()
        (folding.root / folder / name).write_bytes(b"a stranger's")
    before = contents(folding.root)
    receipt = folding.carry_out(plan)
    found = {one.photo.path.name: (one.status, one.reason and one.reason.code) for one in receipt.outcomes}
    assert found == {
        "rose_1.jpg": (Status.FAILED, Code.TARGET_TAKEN),
        "rose_2.jpg": (Status.MOVED, None),
        "Bl\u00fcte_1.jpg": (Status.FAILED, Code.TARGET_TAKEN),
    }
    assert contents(folding.root) == before
    assert sorted(path.name for path in (folding.root / "ROSE").iterdir()) == ["Rose_1.JPG", "rose_2.jpg"]


def test_twins_among_the_newcomers_get_numbers_and_come_back(folding: Garden) -> None:
    folding.plant("a/rose_1.jpg", "b/ROSE_1.JPG", "a/Bl\u00fcte_1.jpg", "b/Blu\u0308te_1.jpg")
    before = tree(folding.root)
    receipt = folding.sort()
    assert receipt.count(Status.MOVED) == 4
    names = [outcome.target.name for outcome in receipt.outcomes if outcome.target is not None]
    assert len({folder_key(name) for name in names}) == 4
    assert len([path for path in folding.root.iterdir() if path.is_dir()]) == 2
    assert folding.undo().restored == 4
    assert tree(folding.root) == before
