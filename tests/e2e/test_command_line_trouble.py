"""The command line when something is wrong: one JSON value, a status, one sentence; nothing half told."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import Command
from support.pictures import SPECIES
from support.trees import tree

from flowersorter.cli.main import SCREEN_VARIABLES, run
from flowersorter.jobs import sort
from flowersorter.jobs.decide import remember
from flowersorter.paths import HOME_VARIABLE, Home
from flowersorter.progress import Cancelled
from flowersorter.records import Decision
from flowersorter.settings import load


def in_a_process(*arguments: object, stdout: int) -> subprocess.Popen[bytes]:
    """`flowersorter`, with standard output kept back until it is full, as it is in a pipe."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "flowersorter", *map(str, arguments)]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, env=environment)


@pytest.mark.parametrize("spoiled", ["", "config/settings.json", "data/journal.sqlite"])
def test_own_files_that_cannot_be_used_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, spoiled: str
) -> None:
    """The home is a file, or one of its files is a folder."""
    home = tmp_path / "spoiled home"
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    if spoiled:
        (home / spoiled).mkdir(parents=True)
    else:
        home.touch()
    answer = command("history")
    assert answer.status == 2
    assert answer.json["error"]["code"] == "file_unusable"
    assert str(home / spoiled) in answer.json["error"]["message"]
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["sort", ""], "bad_argument"),
        (["sort", ".", "--into", ""], "bad_argument"),
        (["evaluate", "a" * 300], "file_unusable"),
        (["sort", ".", "--model", "~nobody-here/x"], "model_not_found"),
        (["teach", ".", "--seed", "9" * 30], "bad_argument"),
        (["teach", ".", "--seed", "-1"], "bad_argument"),
        (["sort", ".", "--max-wrong", "few"], "bad_argument"),
        (["undo", "9" * 30], "batch_not_found"),
        (["history", "--js"], "bad_argument"),
        (["models", "use", "garden", "7"], "model_not_found"),
        (["models", "back", "garden"], "model_not_found"),
        (["models", "use", "Garden flowers", "99"], "model_not_found"),
        (["models", "remove", "Garden flowers"], "bad_argument"),
    ],
)
def test_odd_arguments_are_refused(
    ready: Home,
    mixture: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: str,
) -> None:
    before = tree(mixture)
    monkeypatch.chdir(mixture)
    answer = command(*arguments)
    assert (answer.status, answer.json["error"]["code"]) == (2, code)
    assert tree(mixture) == before


def test_a_defect_is_one_sentence(ready: Home, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_home: Home) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("flowersorter.jobs.history.history", fail)
    answer = command("history")
    assert (answer.status, answer.json["error"]["code"]) == (2, "defect")
    assert "ZeroDivisionError: by zero" in answer.json["error"]["message"]


def test_the_smallest_promise_is_no_hindrance(ready: Home, mixture: Path, command: Command) -> None:
    answer = command("sort", mixture, "--dry-run", "--max-wrong", "1e-15")
    assert (answer.status, answer.json["moved"]) == (0, 0)


def test_a_folder_above_is_called_by_its_name(
    ready: Home, mixture: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mixture / "deep").mkdir()
    monkeypatch.chdir(mixture / "deep")
    answer = command("sort", "..", "--dry-run", "--max-wrong", "20")
    assert answer.json["found"] > 0
    assert not any(".." in photo["source"] for photo in answer.json["photos"])


def test_nothing_moves_where_nobody_reads_the_plan(ready: Home, mixture: Path) -> None:
    """Promise 8: it is printed first, also into a pipe."""
    before = tree(mixture)
    reading, writing = os.pipe()
    os.close(reading)
    process = in_a_process("sort", mixture, "--max-wrong", "20", stdout=writing)
    os.close(writing)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert said.decode().splitlines() == ["The plan cannot be printed, so nothing was moved."]
    assert tree(mixture) == before


def test_the_plan_is_out_before_anything_moves(ready: Home, mixture: Path) -> None:
    process = in_a_process("sort", mixture, "--max-wrong", "20", stdout=subprocess.PIPE)
    assert process.stdout is not None
    first = process.stdout.readline().decode()
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert first.startswith("Model “garden”")
    assert "To take it back" in out.decode()


def test_an_answer_that_nobody_reads_changes_no_status(ready: Home) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = in_a_process("history", "--json", stdout=writing)
    os.close(writing)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (0, b"")


def test_a_program_without_a_terminal_has_nobody_to_tell(
    ready: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows gives the window's program neither stream."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert run(["history"]) == 0
    assert run(["undo", "77"]) == 2


def test_after_the_model_in_use_is_removed_the_built_in_one_names_photos(
    ready: Home, mixture: Path, command: Command
) -> None:
    assert load(ready.settings_file)[0].model == "garden"
    command("models", "remove", "garden")
    assert command("sort", mixture, "--dry-run").json["model"] == "Garden flowers"
    assert [model["name"] for model in command("models", "versions", "Garden flowers").json] == [
        "Garden flowers"
    ]


def test_a_report_that_cannot_be_written_is_said_before_it_teaches(
    ready: Home, garden: Path, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    answer = command("teach", garden, "--name", "other", "--report", tmp_path / "a file")
    assert answer.status == 2
    assert "other" not in [model["name"] for model in command("models", "list").json]


def test_a_remembered_species_has_its_own_confidence(ready: Home, mixture: Path, command: Command) -> None:
    first = command("sort", mixture, "--dry-run", "--max-wrong", "20").json
    photo = next(one for one in first["photos"] if one["target"] is not None)
    digest = hashlib.sha256(Path(photo["source"]).read_bytes()).hexdigest()
    other = next(name for name in SPECIES if name != photo["species"])
    for species in (other, "Zinnia"):
        remember(ready, {digest: Decision(species)})
        again = command("sort", mixture, "--dry-run", "--max-wrong", "20").json
        (now,) = [one for one in again["photos"] if one["source"] == photo["source"]]
        scores = {one["species"]: one["confidence"] for one in photo["runners_up"]}
        assert now["species"] == species
        assert now["confidence"] == scores.get(species)


def test_a_stop_while_it_looks_around_has_a_whole_answer(
    ready: Home,
    mixture: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(*_arguments: object) -> None:
        raise Cancelled

    monkeypatch.setattr(sort, "look_into", stop)
    answer = command("sort", mixture)
    assert answer.status == 130
    assert answer.json["cancelled"]
    assert (answer.json["found"], answer.json["photos"]) == (0, [])
    assert run(["sort", str(mixture)]) == 130
    assert "Cancelled." in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="a user whom the system does not know")
def test_without_a_home_folder_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    for name in (HOME_VARIABLE, "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", _nobody)
    answer = command("history")
    assert answer.status == 2
    assert answer.json["error"]["code"] == "file_unusable"
    assert HOME_VARIABLE in answer.json["error"]["message"]


def test_a_photo_is_sorted_without_a_home_folder(
    ready: Home, mixture: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", _nobody)
    assert command("sort", mixture, "--max-wrong", "20", "--dry-run").status == 0


def _nobody(user: int) -> object:
    raise KeyError(user)


@pytest.mark.skipif(sys.platform != "linux", reason="a screen that can be missing")
def test_without_a_screen_the_window_is_refused_in_one_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SCREEN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with in_a_process(home.data, stdout=subprocess.PIPE) as process:
        _, said = process.communicate()
    assert process.returncode == 2
    assert (
        said.decode()
        == "There is no screen to show the window on. The commands need none: see flowersorter --help.\n"
    )
