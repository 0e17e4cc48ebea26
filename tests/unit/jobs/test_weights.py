from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flowersorter.jobs import weights
from flowersorter.jobs.weights import (
    Base,
    available_bases,
    check_weights,
    download_imagenet,
    keep_backbone,
    open_backbone,
    resolve_base,
)
from flowersorter.learning.backbone import load_backbone
from flowersorter.learning.bundle import ModelInfo
from flowersorter.paths import Home
from flowersorter.progress import Report, silent
from flowersorter.records import Code, Refused
from flowersorter.settings import Settings

NOTHING_CHOSEN = Settings()


@pytest.fixture(autouse=True)
def no_builtin_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "builtin_model", lambda: None)


def refusal(home: Home, settings: Settings, base: str) -> Code:
    with pytest.raises(Refused) as refused:
        resolve_base(home, settings, base)
    return refused.value.reason.code


def test_without_any_weights(home: Home, tmp_path: Path) -> None:
    assert available_bases(home, NOTHING_CHOSEN) == []
    for base in ("auto", "imagenet", "builtin"):
        assert refusal(home, NOTHING_CHOSEN, base) is Code.NO_WEIGHTS
    for gone in (str(tmp_path / "gone.pth"), "~nobody-here/gone.pth"):
        assert refusal(home, NOTHING_CHOSEN, gone) is Code.WEIGHTS_NOT_FOUND


def test_auto_prefers_the_users_file_then_the_download_then_the_program(
    home: Home, downloaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine.pth"
    mine.write_bytes(b"weights")
    builtin = tmp_path / "garden"
    builtin.mkdir()
    (builtin / "backbone.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(weights, "builtin_model", lambda: builtin)
    chosen = Settings(weights_file=str(mine))
    assert [base.id for base in available_bases(home, chosen)] == ["file", "imagenet", "builtin"]
    assert resolve_base(home, chosen, "auto") == Base("file", mine)
    assert resolve_base(home, NOTHING_CHOSEN, "auto") == Base("imagenet", downloaded)
    downloaded.unlink()
    assert resolve_base(home, NOTHING_CHOSEN, "auto") == Base("builtin", builtin / "backbone.safetensors")


def test_a_chosen_file_that_went_is_said_and_not_replaced_by_another(home: Home, downloaded: Path) -> None:
    gone = Settings(weights_file="/nowhere/mine.pth")
    assert refusal(home, gone, "auto") is Code.WEIGHTS_NOT_FOUND
    assert resolve_base(home, gone, "imagenet").path == downloaded


def test_a_file_is_a_base(home: Home, downloaded: Path) -> None:
    assert resolve_base(home, NOTHING_CHOSEN, str(downloaded)) == Base("file", downloaded)


def test_a_file_is_checked_before_it_is_chosen(random_weights: Path, tmp_path: Path) -> None:
    assert check_weights(random_weights) == Base("file", random_weights)
    (tmp_path / "page.pth").write_text("<html>")
    with pytest.raises(Refused) as refused:
        check_weights(tmp_path / "page.pth")
    assert refused.value.reason.code is Code.WEIGHTS_DAMAGED


def test_the_download_goes_into_the_cache_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def fetch(url: str, target: Path, sha256: str, report: Report) -> None:
        asked.append((url, sha256))
        target.parent.mkdir(parents=True)
        target.write_bytes(b"weights")

    monkeypatch.setattr(weights, "download", fetch)
    file = download_imagenet(home, silent)
    assert file.parent == home.weights
    assert asked == [("https://download.pytorch.org/models/resnet18-f37072fd.pth", "f37072fd")]


def test_a_download_that_is_whole_is_not_fetched_again(
    home: Home, downloaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "download", lambda *_: pytest.fail("fetched again"))
    assert download_imagenet(home, silent) == downloaded


def test_a_download_that_was_damaged_since_is_no_base_and_fetched_again(
    home: Home, downloaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloaded.write_bytes(b"weig\0\0\0")
    assert available_bases(home, NOTHING_CHOSEN) == []
    monkeypatch.setattr(weights, "download", lambda _url, target, *_: target.write_bytes(b"weights"))
    assert download_imagenet(home, silent) == downloaded
    assert available_bases(home, NOTHING_CHOSEN) == [Base("imagenet", downloaded)]


def test_a_model_finds_its_backbone_wherever_it_is(home: Home, random_weights: Path, tmp_path: Path) -> None:
    backbone = load_backbone(random_weights)
    info = ModelInfo(
        "Garden", 1, tmp_path / "model", "", ("a", "b"), 2, "head", "file", backbone.sha256,
        backbone.feature_space, None, None, "",
    )  # fmt: skip
    info.path.mkdir()
    (info.path / "manifest.json").write_text('{"format": 1, "files": {}}', "ascii")
    with pytest.raises(Refused) as refused:
        open_backbone(home, NOTHING_CHOSEN, info)
    assert refused.value.reason.code is Code.MODEL_NEEDS_WEIGHTS

    pointed_at = Settings(weights_file=str(random_weights))
    assert open_backbone(home, pointed_at, info).sha256 == backbone.sha256
    other = replace(info, backbone_sha256="0" * 64)
    with pytest.raises(Refused):
        open_backbone(home, pointed_at, other)

    keep_backbone(home, backbone)
    assert open_backbone(home, NOTHING_CHOSEN, info).sha256 == backbone.sha256
    kept = next(home.backbones.iterdir())
    before = kept.stat().st_mtime_ns
    keep_backbone(home, backbone)
    assert kept.stat().st_mtime_ns == before
    assert [file.name for file in home.backbones.iterdir()] == [f"{backbone.sha256}.safetensors"]


def test_a_damaged_copy_gives_way_to_the_file_that_the_user_points_at(
    home: Home, random_weights: Path, tmp_path: Path
) -> None:
    backbone = load_backbone(random_weights)
    keep_backbone(home, backbone)
    kept = next(home.backbones.iterdir())
    kept.write_bytes(kept.read_bytes()[:-100_000])
    info = ModelInfo(
        "Garden", 1, tmp_path, "", ("a", "b"), 2, "head", "file", backbone.sha256, backbone.feature_space,
        None, None, "",
    )  # fmt: skip
    (info.path / "manifest.json").write_text('{"format": 1, "files": {}}', "ascii")
    assert open_backbone(home, Settings(weights_file=str(random_weights)), info).sha256 == backbone.sha256
