"""The model library: versions are kept, damaged models are refused in one sentence (promise 20)."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.labels import digest_of

from flowersorter.jobs import models
from flowersorter.jobs.models import (
    builtin_model,
    check_name,
    export_model,
    find_model,
    go_back,
    import_model,
    list_models,
    next_version,
    remove_model,
    slug,
    use_version,
)
from flowersorter.learning.bundle import Model, ModelInfo, Teaching, read_info, read_teaching, write_model
from flowersorter.learning.calibrate import Calibration
from flowersorter.learning.head import Head
from flowersorter.paths import Home
from flowersorter.records import Code, Refused
from flowersorter.sentences import say
from flowersorter.settings import Settings

pytestmark = pytest.mark.usefixtures("no_builtin_model")

NOTHING_CHOSEN = Settings()


def make_builtin(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch, others: tuple[str, ...] = ()
) -> Path:
    """A model that comes with the program, outside the library."""
    save_model(home, "Built in", others)
    builtin = export_model(home, "Built in", folder / "builtin", include_teaching=True)
    shutil.rmtree(home.models / slug("Built in"))
    monkeypatch.setattr(models, "builtin_model", lambda: builtin)
    return builtin


def save_model(home: Home, name: str, others: tuple[str, ...] = ()) -> ModelInfo:
    folder, version = next_version(home, name)
    info = ModelInfo(
        name, version, folder, "2026-01-01T00:00:00+00:00", ("daisy", "rose"), 2, "head", "file", "ab" * 32,
        "space", None, None, "0.1.0",
    )  # fmt: skip
    head = Head(info.species, np.zeros((2, 512), np.float32), np.zeros(2, np.float32), root=True)
    none = Calibration(np.zeros(0, np.float32), np.zeros(0, np.bool_), np.zeros(0, np.int64))
    teaching = Teaching(
        np.zeros((2, 512), np.float16), np.array([0, 1], np.int32), np.zeros(2, np.int8),
        (digest_of(0), digest_of(1)), (digest_of(0), digest_of(1)), others=others,
    )  # fmt: skip
    return write_model(folder, Model(info, head, none), teaching)


def damage(info: ModelInfo) -> None:
    (info.path / "manifest.json").write_text("{", "ascii")


def test_teaching_a_name_again_keeps_the_earlier_version(home: Home) -> None:
    first, second = save_model(home, "Garden"), save_model(home, "Garden")
    assert (first.version, second.version) == (1, 2)
    assert first.path.is_dir()
    assert list_models(home) == [second]
    assert find_model(home, NOTHING_CHOSEN, "Garden") == second


def test_versions_count_beyond_nine_thousand(home: Home) -> None:
    save_model(home, "Garden").path.rename(home.models / "garden-x")
    folder = home.models / slug("Garden")
    for number in ("9999", "10000"):
        shutil.copytree(home.models / "garden-x", folder / number)
    assert next_version(home, "Garden") == (folder / "10001", 10001)


def test_the_settings_choose_and_a_name_overrules(home: Home) -> None:
    garden, meadow = save_model(home, "Garden"), save_model(home, "Meadow")
    assert find_model(home, Settings(model="Meadow"), None) == meadow
    assert find_model(home, Settings(model="Meadow"), "garden") == garden


def test_without_any_model(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "builtin_model", lambda: None)
    assert list_models(home) == []
    with pytest.raises(Refused) as refused:
        find_model(home, NOTHING_CHOSEN, None)
    assert refused.value.reason.code is Code.NO_MODEL


def test_the_built_in_model_is_the_last_resort(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builtin = make_builtin(home, tmp_path, monkeypatch)
    own = save_model(home, "x")
    assert find_model(home, NOTHING_CHOSEN, None).path == builtin
    assert [info.path for info in list_models(home)] == [own.path, builtin]
    assert find_model(home, Settings(model="x"), None) == own


def test_what_the_built_in_model_became_stands_in_its_place(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builtin = make_builtin(home, tmp_path, monkeypatch)
    corrected = save_model(home, "Built in")
    assert list_models(home) == [corrected]
    assert find_model(home, NOTHING_CHOSEN, None) == corrected
    assert models.is_builtin(corrected)
    other = save_model(home, "x")
    assert not models.is_builtin(other)
    another = save_model(home, "zinnias")
    assert list_models(home) == [other, another, corrected]
    shutil.rmtree(home.models)
    assert find_model(home, NOTHING_CHOSEN, None).path == builtin


def test_photos_that_taught_the_backbone_are_known(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a model on the built-in layers would be tried on photos that these layers have learned."""
    own = save_model(home, "x", others=(digest_of(5),))
    assert models.taught_digests(own) == {digest_of(0), digest_of(1), digest_of(5)}
    make_builtin(home, tmp_path, monkeypatch, others=(digest_of(7), digest_of(8)))
    known = {digest_of(number) for number in (0, 1, 5, 7, 8)}
    assert models.taught_digests(own) == known
    elsewhere = replace(own, backbone_sha256="cd" * 32)
    assert models.taught_digests(elsewhere) == known - {digest_of(7), digest_of(8)}
    deeper = replace(own, backbone_sha256="cd" * 32, base_id="builtin")  # its last layers learned on
    assert models.taught_digests(deeper) == known


def test_the_names_of_flowers_alone_are_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "species.json").touch()
    monkeypatch.setattr(models, "resource", lambda *_parts: tmp_path)
    assert builtin_model() is None
    (tmp_path / "manifest.json").touch()
    assert builtin_model() == tmp_path


def test_what_the_built_in_layers_learned_is_known(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the photos that only calibrate it: these are as new to the layers as any."""
    assert models.learned_by_layers() == frozenset()
    make_builtin(home, tmp_path, monkeypatch, others=(digest_of(7),))
    assert models.learned_by_layers() == models.learned_by_layers("ab" * 32) == {digest_of(7)}
    assert models.learned_by_layers("cd" * 32) == frozenset()


def test_going_back_to_the_built_in_model_needs_no_switch(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first model of one's own is compared with the built-in one."""
    builtin = export_model(home, save_model(home, "x").name, tmp_path / "builtin", include_teaching=False)
    shutil.rmtree(home.models)
    monkeypatch.setattr(models, "builtin_model", lambda: builtin)
    assert use_version(home, "x", 1).path == builtin


def test_back_from_what_the_built_in_model_became_is_that_itself(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builtin = make_builtin(home, tmp_path, monkeypatch)
    first, second = save_model(home, "Built in"), save_model(home, "Built in")
    assert find_model(home, NOTHING_CHOSEN, None) == second
    assert go_back(home, "Built in") == first
    assert go_back(home, "Built in").path == builtin
    assert find_model(home, NOTHING_CHOSEN, None).path == builtin
    with pytest.raises(Refused) as refused:
        go_back(home, "Built in")
    assert refused.value.reason.code is Code.MODEL_NOT_FOUND
    assert find_model(home, NOTHING_CHOSEN, None).path == builtin


def test_back_from_a_damaged_version(home: Home) -> None:
    first, second = save_model(home, "Garden"), save_model(home, "Garden")
    (second.path / "manifest.json").write_bytes(b"")
    assert go_back(home, "Garden") == first
    assert find_model(home, NOTHING_CHOSEN, "Garden") == first


def test_a_damaged_version_is_not_put_in_force(home: Home) -> None:
    """Promise 20."""
    first, second = save_model(home, "Garden"), save_model(home, "Garden")
    (first.path / "head.safetensors").write_bytes(b"")
    with pytest.raises(Refused) as refused:
        use_version(home, "Garden", first.version)
    assert refused.value.reason.code is Code.MODEL_DAMAGED
    assert find_model(home, NOTHING_CHOSEN, "Garden") == second


@pytest.mark.parametrize("name", ["gone", "../0001", "/etc", "con"])
def test_a_model_that_is_not_there(home: Home, name: str) -> None:
    save_model(home, "Garden")
    with pytest.raises(Refused) as refused:
        find_model(home, NOTHING_CHOSEN, name)
    assert refused.value.reason.code is Code.MODEL_NOT_FOUND
    assert name in say(refused.value.reason)


def test_a_model_can_be_used_where_it_lies(home: Home, tmp_path: Path) -> None:
    target = export_model(home, save_model(home, "Garden").name, tmp_path / "shared", include_teaching=True)
    shutil.rmtree(home.models)
    assert find_model(home, NOTHING_CHOSEN, str(target)).path == target


def test_a_damaged_version_is_said_and_the_list_shows_the_earlier_one(home: Home) -> None:
    first, second = save_model(home, "Garden"), save_model(home, "Garden")
    damage(second)
    assert list_models(home) == [first]
    with pytest.raises(Refused) as refused:
        find_model(home, NOTHING_CHOSEN, "Garden")
    assert refused.value.reason.code is Code.MODEL_DAMAGED
    assert say(refused.value.reason).startswith("The model “Garden” is damaged")


def test_export_and_import_give_the_same_model(home: Home, tmp_path: Path) -> None:
    original = save_model(home, "Garden")
    bare = export_model(home, "Garden", tmp_path / "bare", include_teaching=False)
    whole = export_model(home, "Garden", tmp_path / "whole", include_teaching=True)
    assert read_teaching(bare) is None
    assert read_teaching(whole) is not None
    imported = import_model(home, whole)
    assert replace(imported, version=1, path=original.path) == original
    assert (imported.version, imported.path.name) == (2, "0002")
    shutil.rmtree(home.models)
    assert import_model(home, bare).version == 1


def test_the_built_in_model_is_exported_too(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_builtin(home, tmp_path, monkeypatch)
    exported = export_model(home, "Built in", tmp_path / "mine", include_teaching=True)
    assert import_model(home, exported).name == "Built in"


def test_export_overwrites_nothing(home: Home, tmp_path: Path) -> None:
    """Promise 2."""
    save_model(home, "Garden")
    mine = tmp_path / "mine"
    mine.write_text("my own file")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for target in (mine, tmp_path / "dangling", tmp_path):
        with pytest.raises(Refused) as refused:
            export_model(home, "Garden", target, include_teaching=True)
        assert refused.value.reason.code is Code.NAME_TAKEN
    assert mine.read_text() == "my own file"
    assert not (tmp_path / "nowhere").exists()


def test_a_damaged_model_is_not_imported(home: Home, tmp_path: Path) -> None:
    save_model(home, "Garden")
    target = export_model(home, "Garden", tmp_path / "broken", include_teaching=True)
    content = (target / "head.safetensors").read_bytes()
    (target / "head.safetensors").write_bytes(content[:-1])
    with pytest.raises(Refused) as refused:
        import_model(home, target)
    assert refused.value.reason.code is Code.MODEL_DAMAGED
    assert [info.version for info in list_models(home)] == [1]
    assert not list(home.models.glob("*/.new-*"))


def test_an_import_that_cannot_be_put_in_force_leaves_the_earlier_one(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 20: a full disk or a kill once the new version is whole."""
    first = save_model(home, "Garden")
    shared = export_model(home, "Garden", tmp_path / "shared", include_teaching=True)

    def full(_version: Path) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(models, "put_in_force", full)
    with pytest.raises(Refused) as refused:
        import_model(home, shared)
    assert refused.value.reason.code is Code.DISK_FULL
    assert find_model(home, NOTHING_CHOSEN, "Garden") == first


def test_a_removed_model_can_be_taken_out_of_the_wastebasket(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_model(home, "Garden")
    save_model(home, "Garden")
    basket = tmp_path / "basket"
    monkeypatch.setattr(models, "send2trash", lambda folder: shutil.move(folder, basket))
    remove_model(home, "garden")
    assert list_models(home) == []
    assert [read_info(folder).version for folder in sorted(basket.iterdir())] == [1, 2]
    with pytest.raises(Refused) as refused:
        remove_model(home, "garden")
    assert refused.value.reason.code is Code.MODEL_NOT_FOUND


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, Code.DISK_FULL),
        (errno.EDQUOT, Code.DISK_FULL),
        (errno.EACCES, Code.NO_PERMISSION),
        (errno.EIO, Code.IO_ERROR),
    ],
)
def test_what_the_disk_says_is_a_refusal(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: Code
) -> None:
    """Promise 5: and nothing half-written stays."""
    save_model(home, "Garden")
    shared = export_model(home, "Garden", tmp_path / "shared" / "model", include_teaching=True)

    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    for act in (
        lambda: import_model(home, shared),
        lambda: export_model(home, "Garden", tmp_path / "shared" / "other", include_teaching=True),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.reason.code is code
    assert [info.version for info in list_models(home)] == [1]
    assert [path.name for path in shared.parent.iterdir()] == ["model"]


def test_what_a_kill_left_behind_is_no_model_and_is_swept(home: Home) -> None:
    info = save_model(home, "Garden")
    half = info.path.parent / ".new-half"
    half.mkdir()
    (half / "head.safetensors").write_bytes(b"half")
    assert find_model(home, NOTHING_CHOSEN, "Garden") == info
    next_version(home, "Garden")
    assert not half.exists()


NAMES = [
    "garden",
    "Garden",
    "my garden",
    "バラ",
    "Ähren",
    "con",
    "NUL",
    "com1",
    "a.b",
    "x" * 90,
    "..",
    ".",
    "-",
]


def test_folders_of_names_are_legal_everywhere() -> None:
    """Promise 12."""
    for name in [*NAMES, os.fsdecode(b"ros\xe9"), "a/b", "a\\b", 'a:*?"<>|b', "\0", "\n"]:
        folder = slug(name)
        assert folder.isascii()
        assert 0 < len(folder) <= 60
        assert set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert folder not in ("con", "nul", "com1")
        assert not folder.startswith("-")


def test_names_that_differ_have_folders_that_differ() -> None:
    """Promise 11: those that differ in case or in how an accent is written are one."""
    assert len({slug(name) for name in NAMES}) == len({name.casefold() for name in NAMES})
    assert slug("Ähren") == slug("ÄHREN") == slug("A\u0308hren")


@pytest.mark.parametrize("name", ["", "   ", "a/b", "a\\b", "a\nb", "x" * 101, "\0"])
def test_names_that_cannot_be_typed_are_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        check_name(name)
    assert refused.value.reason.code is Code.BAD_NAME


def test_names_are_tidied() -> None:
    assert check_name("  A\u0308hren ") == "Ähren"
