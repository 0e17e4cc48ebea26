"""Promise 4: a power cut at any moment, on a journalled file system, costs nothing either."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.power import Content, Model, Names, Recorder, put_on_disk
from support.primitives import disk
from support.scenarios import SCENARIOS, Scenario, Stage
from support.tally import TALLY

from flowersorter.sorting import fileops

MOST_STATES = 16  # per moment and state of the journal; the moments are hundreds
GO_ON_STRIDE = 10
CUT = [scenario for scenario in SCENARIOS if str(scenario) != "undo-copy-rename"]  # the trash is the system's


@dataclass(frozen=True)
class State:
    """What a power cut left: names and files of the photos' folder, and the journal's files."""

    names: Names
    files: dict[int, Content]
    folders: set[int]  # shared by all states of a run: which nodes are folders
    journal: dict[str, bytes]


@contextmanager
def recording(stage: Stage, *, syncs: bool) -> Iterator[list[State]]:
    """Collect what power cuts can leave while the context lasts."""
    root, journal = stage.garden.root, stage.garden.journal_file.parent
    model = Model.of(root)
    dice = random.Random(str(stage.scenario))
    states: list[State] = []
    seen: set[object] = set()

    def collect() -> None:
        """Called before an effect, and so after every commit that came before it."""
        kept = {path.name: path.read_bytes() for path in journal.iterdir() if path.is_file()}
        for names, files in model.after_power_cuts(dice, MOST_STATES):
            key = (frozenset(names.items()), frozenset(files.items()), kept.get("journal.sqlite-wal"))
            if key not in seen:
                seen.add(key)
                states.append(State(names, files, model.folders, kept))

    with disk(stage.scenario.way):
        fileops.system = Recorder(fileops.system, root, model, collect, syncs=syncs)  # type: ignore[assignment]
        yield states
    collect()


def put_back(stage: Stage, state: State) -> None:
    put_on_disk(stage.garden.root, state.names, state.files, state.folders)
    journal = stage.garden.journal_file.parent
    for path in journal.iterdir():
        if path.is_file():
            path.unlink()
    for name, data in state.journal.items():
        if not name.endswith("-shm"):  # memory of the processes that had it open
            (journal / name).write_bytes(data)


@pytest.mark.parametrize("scenario", CUT, ids=str)
def test_power_cut_at_every_moment(scenario: Scenario, fast_folder: Path) -> None:
    stage = Stage(scenario, fast_folder)
    with recording(stage, syncs=True) as states:
        stage.act()
    assert len(states) > 10
    for number, state in enumerate(states):
        put_back(stage, state)
        stage.check_recovered(and_go_on=number % GO_ON_STRIDE == 0)
        TALLY["power-loss states"] += 1


@pytest.mark.parametrize("way", ["rename", "link", "copy", "disks"])
def test_the_model_sees_a_protocol_that_does_not_sync(way: str, fast_folder: Path) -> None:
    """A test that cannot fail is worse than none."""
    stage = Stage(Scenario(way, "sort"), fast_folder)
    with recording(stage, syncs=False) as states:
        stage.act()
    tally = TALLY.copy()
    with pytest.raises(AssertionError):
        check_all(stage, states)
    TALLY.clear()
    TALLY.update(tally)


def check_all(stage: Stage, states: list[State]) -> None:
    for state in reversed(states):
        put_back(stage, state)
        stage.check_recovered()
