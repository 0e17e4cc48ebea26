"""The main job through the command line: teach, sort, take back. On pictures that the tests draw."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from support.commands import Command
from support.pictures import SPECIES, draw_flower, save_photo
from support.trees import contents, digest, tree

from flowersorter.cli.output import Output
from flowersorter.jobs.sort import Planned, Sorting
from flowersorter.learning import compare
from flowersorter.paths import Home
from flowersorter.settings import load, save


def numbers_add_up(answer: dict) -> bool:
    """Promise 21."""
    stayed = answer["kept"] + len(answer["skipped"]) + len(answer["failed"])
    reasons = [*answer["skipped"], *answer["failed"]]
    complete = all(row["code"] and row["reason"] and row["path"] for row in reasons)
    return complete and answer["found"] == answer["moved"] + answer["copied"] + stayed


def test_check_lists_what_looks_wrong_and_changes_nothing(
    garden: Path, ready: Home, command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "labelled"
    shutil.copytree(garden, folder)
    both = shutil.copy2(folder / "rose" / "rose_001.jpg", folder / "tulip" / "both.jpg")
    before = tree(folder)
    answer = command("check", folder)
    assert answer.status == 0
    assert tree(folder) == before
    checked = answer.json
    assert set(checked) == {"folder", "photos", "findings", "skipped"}
    assert checked["photos"] == 16 * len(SPECIES) + 1
    worst = checked["findings"][0]
    assert worst["kind"] == "two_species"
    assert {one["path"] for one in worst["photos"]} == {str(both), str(folder / "rose" / "rose_001.jpg")}
    assert worst["suggestion"] in {"rose", "tulip"}


def test_teach_answers_with_its_figures(garden: Path, ready: Home, command: Command, tmp_path: Path) -> None:
    answer = command("teach", garden, "--name", "garden", "--report", tmp_path / "report")
    assert answer.status == 0
    taught = answer.json
    assert json.loads((tmp_path / "report" / "figures.json").read_text("ascii")) == taught
    page = (tmp_path / "report" / "teaching-report.html").read_text("utf-8")
    assert f"It named {100 * taught['validation']['accuracy']:.1f} % of" in page
    assert taught["model"] == "garden"
    assert taught["version"] == 2  # the fixture's is kept
    assert taught["classes"] == sorted(SPECIES)
    assert taught["photos"] == 16 * len(SPECIES)
    assert (taught["device"], taught["method"]) == ("cpu", "head")
    assert taught["epochs"]
    assert set(taught["epochs"][0]) == {"train_loss", "train_accuracy", "val_loss", "val_accuracy"}
    validation = taught["validation"]
    assert sum(map(sum, validation["confusion"])) == validation["photos"] > 0
    assert 0 <= validation["interval"][0] <= validation["accuracy"] <= validation["interval"][1] <= 1
    assert validation["accuracy"] > 0.6  # drawn species are easy, even for a random backbone
    comparison = taught["comparison"]
    assert comparison["earlier"] == {"model": "garden", "version": 1}
    assert comparison["photos"] == validation["photos"]
    assert (comparison["now_right"], comparison["now_wrong"], comparison["taken"]) == (0, 0, True)


def test_a_worse_model_is_not_the_one_in_use(
    garden: Path, ready: Home, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 20."""
    monkeypatch.setattr(compare, "_interval", lambda *_arguments: (-0.3, -0.1))
    taught = command("teach", garden, "--name", "another").json
    assert taught["comparison"]["taken"] is False
    assert load(ready.settings_file)[0].model == "garden"


def test_a_dry_run_changes_nothing_and_the_plan_is_what_happens(
    ready: Home, mixture: Path, command: Command
) -> None:
    """Promise 8."""
    before = tree(mixture)
    planned = command("sort", mixture, "--model", "garden", "--max-wrong", "20", "--dry-run").json
    assert tree(mixture) == before
    assert planned["dry_run"] is True
    assert planned["batch"] is None
    done = command("sort", mixture, "--model", "garden", "--max-wrong", "20").json
    assert done["moved"] == planned["moved"] > 0
    assert [photo["target"] for photo in done["photos"]] == [photo["target"] for photo in planned["photos"]]


def test_a_dry_run_makes_no_folders(ready: Home, mixture: Path, tmp_path: Path, command: Command) -> None:
    """Promise 8."""
    target = tmp_path / "new" / "sorted"
    options = ("--into", target, "--model", "garden", "--max-wrong", "20", "--dry-run")
    assert command("sort", mixture, *options).json["moved"] > 0
    assert not target.parent.exists()


def test_the_plan_that_was_printed_is_carried_out(
    ready: Home, mixture: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 8: nothing moves before it, and a stranger's file that comes after it makes no other plan."""
    before = tree(mixture)
    taken: list[Path] = []
    show = Output.plan

    def show_and_take(out: Output, planned: Planned, sorting: Sorting, *, every_photo: bool) -> None:
        assert tree(mixture) == before
        show(out, planned, sorting, every_photo=every_photo)
        taken.append(planned.plan.moves[0].target)
        taken[0].parent.mkdir()
        taken[0].write_bytes(b"a stranger's")

    monkeypatch.setattr(Output, "plan", show_and_take)
    answer = command("sort", mixture, "--model", "garden", "--max-wrong", "20")
    assert answer.status == 1
    assert [(Path(row["path"]).name, row["code"]) for row in answer.json["failed"]] == [
        (taken[0].name, "target_taken")
    ]
    assert taken[0].read_bytes() == b"a stranger's"


def test_sort_and_undo_leave_the_folder_as_it_was(ready: Home, mixture: Path, command: Command) -> None:
    """Promises 1, 7, 10, 21: names, bytes and dates; companions travel; the numbers add up."""
    before, bytes_before = tree(mixture), contents(mixture)
    answer = command("sort", mixture, "--model", "garden", "--max-wrong", "20")
    assert answer.status == 0
    done = answer.json
    assert numbers_add_up(done)
    assert contents(mixture) == bytes_before
    assert [row["code"] for row in done["skipped"]] == ["unreadable"]
    assert (mixture / "notes.txt").exists()
    for photo in done["photos"]:
        if photo["target"] is not None:
            target = Path(photo["target"])
            assert target.parent.parent == mixture
            assert target.parent.name == photo["species"]
            assert target.exists()
            for companion in photo["companions"]:
                assert not Path(companion).exists()
                assert (target.parent / Path(companion).name).exists()
    history = command("history").json
    assert [batch["photos"] for batch in history] == [done["moved"]]
    undone = command("undo")
    assert (undone.status, undone.json["restored"], undone.json["left"]) == (0, done["moved"], [])
    assert tree(mixture) == before
    assert command("undo").json["error"]["code"] == "nothing_to_undo"


def test_sorting_twice_changes_nothing_the_second_time(ready: Home, mixture: Path, command: Command) -> None:
    """Promise 14."""
    command("sort", mixture, "--model", "garden", "--max-wrong", "20")
    after = tree(mixture)
    again = command("sort", mixture, "--model", "garden", "--max-wrong", "20", "--recursive").json
    assert (again["moved"], again["copied"]) == (0, 0)
    assert numbers_add_up(again)
    assert tree(mixture) == after


def test_copying_leaves_the_originals(ready: Home, mixture: Path, tmp_path: Path, command: Command) -> None:
    before = tree(mixture)
    target = tmp_path / "sorted"
    done = command("sort", mixture, "--into", target, "--copy", "--model", "garden", "--max-wrong", "20").json
    assert done["copied"] > 0
    assert done["moved"] == 0
    assert tree(mixture) == before
    assert sum(contents(target).values()) >= done["copied"]


def test_a_model_that_cannot_keep_the_promise_files_nothing(
    ready: Home, mixture: Path, command: Command
) -> None:
    """80 photos cannot certify 1 wrong in 100."""
    before = tree(mixture)
    done = command("sort", mixture, "--model", "garden", "--max-wrong", "1").json
    assert (done["moved"], done["batch"]) == (0, None)
    assert all(photo["target"] is None and photo["species"] is None for photo in done["photos"])
    assert tree(mixture) == before


def test_albums_stay_unless_asked(ready: Home, mixture: Path, command: Command) -> None:
    album = mixture / "Grandmother's roses"
    album.mkdir()
    (mixture / "IMG_0002.jpg").rename(album / "IMG_0002.jpg")
    options = ("--model", "garden", "--max-wrong", "20", "--dry-run")
    flat = command("sort", mixture, *options).json
    deep = command("sort", mixture, *options, "--recursive").json
    asked = command("sort", mixture, *options, "--recursive", "--albums").json
    assert deep["found"] == flat["found"] + 1
    (photo,) = [one for one in deep["photos"] if one["source"] == str(album / "IMG_0002.jpg")]
    assert photo["target"] is None
    assert asked["moved"] >= deep["moved"]
    assert deep["kept"] == asked["kept"] + (asked["moved"] - deep["moved"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["sort", "nowhere"], "not_a_folder"),
        (["sort", ".", "--max-wrong", "0"], "bad_argument"),
        (["sort", ".", "--max-wrong", "51"], "bad_argument"),
        (["sort", ".", "--model", "nobody"], "model_not_found"),
        (["sort"], "bad_argument"),
        (["undo", "77"], "batch_not_found"),
        (["undo"], "nothing_to_undo"),
        (["teach", "nowhere"], "not_a_folder"),
        (["models", "export", "nobody", "x"], "model_not_found"),
        (["models", "fly"], "bad_argument"),
        (["--verison"], "bad_argument"),
        ([""], "bad_argument"),
        (["srot", "x"], "bad_argument"),
    ],
)
def test_wrong_use_is_one_json_value_and_exit_2(
    ready: Home,
    command: Command,
    arguments: list[str],
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    answer = command(*arguments)
    assert answer.status == 2
    assert answer.json["error"]["code"] == code
    assert answer.json["error"]["message"]


def test_a_model_travels(ready: Home, command: Command, tmp_path: Path, no_builtin_model: None) -> None:
    exported = command("models", "export", "garden", tmp_path / "export").json
    command("models", "remove", "garden")
    assert command("models", "list").json == []
    imported = command("models", "import", exported["path"]).json
    command("models", "import", exported["path"])
    assert [model["version"] for model in command("models", "versions", "garden").json] == [2, 1]
    assert command("models", "list").json[0]["version"] == 2
    assert command("models", "back", "garden").json["version"] == 1
    assert command("models", "list").json[0]["version"] == 1
    assert command("models", "use", "garden", "2").json["version"] == 2
    assert command("models", "back", "nobody").json["error"]["code"] == "model_not_found"
    assert imported["name"] == "garden"
    assert [model["name"] for model in command("models", "list").json] == ["garden"]


def test_evaluate_leaves_out_what_was_taught(ready: Home, garden: Path, command: Command) -> None:
    figures = command("evaluate", garden, "--model", "garden").json
    assert figures["photos"] == 0
    assert figures["seen_in_training"] == 16 * len(SPECIES)


def test_self_check_passes_here(home: Home, command: Command) -> None:
    answer = command("self-check")
    assert [check for check in answer.json["checks"] if not check["ok"]] == []
    assert answer.status == 0


def test_a_process_of_its_own_prints_one_json_value(ready: Home, mixture: Path) -> None:
    """In the C locale, with a name that is not UTF-8; standard output holds the answer only."""
    done = subprocess.run(
        [sys.executable, "-m", "flowersorter", "sort", mixture, "--max-wrong", "20", "--dry-run", "--json"],
        capture_output=True,
        env={**os.environ, "LC_ALL": "C"},
        timeout=120,
        check=True,
    )
    answer = json.loads(done.stdout.decode("ascii"))
    sources = [os.fsencode(photo["source"]) for photo in answer["photos"]]
    assert os.fsencode(mixture) + b"/ros\xe9.jpg" in sources


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_and_nothing_is_lost(ready: Home, mixture: Path, number: signal.Signals) -> None:
    """Promise 16."""
    before = contents(mixture)
    lock = ready.lock_file
    lock.unlink()
    process = subprocess.Popen(
        [sys.executable, "-m", "flowersorter", "sort", mixture, "--max-wrong", "20", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and not lock.exists():
        pass  # the lock is the first thing that a sort makes
    process.send_signal(number)
    out, _ = process.communicate(timeout=120)
    answer = json.loads(out)
    assert process.returncode in (0, 130)
    assert answer.get("cancelled", False) is (process.returncode == 130)
    assert contents(mixture) == before


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    from flowersorter.cli.main import COMMANDS, run

    with pytest.raises(SystemExit) as ended:
        run(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)


def test_what_was_decided_is_kept_for_the_next_time(ready: Home, mixture: Path, command: Command) -> None:
    """A photo that the gardener named is filed under that name, whatever the model thinks."""
    from flowersorter.jobs.decide import remember
    from flowersorter.records import Decision

    named, left = mixture / "IMG_0100.jpg", mixture / "IMG_0200.jpg"
    remember(ready, {digest(named): Decision("Rosa 'Peace'"), digest(left): Decision(None)})
    done = command("sort", mixture, "--max-wrong", "20").json
    targets = {photo["source"]: photo["target"] for photo in done["photos"]}
    assert targets[str(named)] == str(mixture / "Rosa 'Peace'" / named.name)
    assert targets[str(left)] is None


def test_evaluate_matches_folders_in_other_languages(ready: Home, tmp_path: Path, command: Command) -> None:
    """Promise 11: the model's species are English."""
    labels = {"daisy": "Leucanthemum vulgare", "sunflower": "Sonnenblume", "tulip": "TULPE", "rose": "Rosa"}
    for species, label in labels.items():
        save_photo(tmp_path / "labelled" / label / "1.jpg", draw_flower(species, 900, size=(160, 120)))
    figures = command("evaluate", tmp_path / "labelled", "--model", "garden").json
    assert figures["unknown_labels"] == []
    counted = dict(zip(figures["classes"], map(sum, figures["confusion"]), strict=True))
    assert counted == {**dict.fromkeys(labels, 1), "bluebell": 0}


def test_two_languages_never_make_two_folders(
    ready: Home, mixture: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 11: half is sorted in English, the rest with the tulips in German; undo brings all back."""
    built_in = ready.models / "garden" / "0001"
    monkeypatch.setattr("flowersorter.jobs.models.builtin_model", lambda: built_in)
    settings, _ = load(ready.settings_file)

    def sort_in(language: Literal["english", "german"]) -> set[str]:
        save(ready.settings_file, replace(settings, flower_names=language))
        done = command("sort", mixture, "--max-wrong", "20").json
        assert done["moved"] > 0
        for photo in done["photos"]:
            assert photo["target"] is None or Path(photo["target"]).parent.name == photo["species"]
        return {photo["species"] for photo in done["photos"] if photo["target"] is not None}

    before = tree(mixture)
    later = mixture.parent / "later"
    later.mkdir()
    for path in sorted(mixture.glob("IMG_0?0[12].jpg")):
        path.rename(later / path.name)
    for path in [*mixture.glob("IMG_01*"), *mixture.glob("ros*")]:  # the tulips
        path.rename(later / path.name)
    english = sort_in("english")
    for path in sorted(later.iterdir()):
        path.rename(mixture / path.name)
    german = sort_in("german")
    assert english == {"Oxeye daisy", "Sunflower", "Rose", "bluebell"}
    assert german == {"Oxeye daisy", "Sunflower", "Rose", "bluebell", "Tulpe"}
    assert {path.name for path in mixture.iterdir() if path.is_dir()} == german
    command("undo")
    command("undo")
    assert tree(mixture) == before
