"""What the frozen layers make of the photos is the same, kept or fresh; a full disk costs time only."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from support.pictures import draw_flower, save_photo
from support.reading import HerePool
from torch import nn

from flowersorter.learning import activations
from flowersorter.learning.activations import (
    FreshViews,
    FrozenLayers,
    StoredViews,
    affordable_views,
    fill,
    keep_views,
    view_bytes,
)
from flowersorter.learning.backbone import Backbone
from flowersorter.learning.devices import choose_device

EVERYONE = np.arange(3)


@pytest.fixture
def ticks() -> list[int]:
    return []


@pytest.fixture
def fresh(random_backbone: Backbone, tmp_path: Path, ticks: list[int]) -> FreshViews:
    paths = [
        save_photo(tmp_path / "photos" / f"{number}.jpg", draw_flower("rose", number, size=(80, 60)))
        for number in range(3)
    ]
    frozen = FrozenLayers(random_backbone.net, 1, choose_device("cpu"))
    return FreshViews(paths, frozen, HerePool(), ticks.append)  # type: ignore[arg-type]


def all_of(views, epoch: int | None) -> torch.Tensor:
    return torch.cat([batch.float() for _, batch in views.batches(EVERYONE, epoch, 2)])


@pytest.mark.parametrize("learning", [1, 2])
def test_the_layers_below_end_where_those_that_learn_begin(random_backbone: Backbone, learning: int) -> None:
    frozen = FrozenLayers(random_backbone.net, learning, choose_device("cpu"))
    pixels = torch.randint(0, 255, (2, 3, 224, 224), dtype=torch.uint8)
    lower = frozen(list(pixels))
    assert lower.shape[2:] + lower.shape[1:2] == activations.SHAPES[learning]
    above = nn.Sequential(*(getattr(random_backbone.net, name) for name in activations.LAYERS[-learning:]))
    with torch.inference_mode():
        features = above(lower.float()).mean(dim=(2, 3))
        whole = random_backbone.net(activations.normalise(pixels))
    assert torch.allclose(features, whole, rtol=0.05, atol=0.05 * float(whole.max()))


def test_kept_views_are_those_that_were_computed(fresh: FreshViews, tmp_path: Path, ticks: list[int]) -> None:
    with keep_views(fresh, {0: 2, 2: 2}, {0, 1}, tmp_path) as views:
        assert isinstance(views, StoredViews)
        assert sum(ticks) == 6
        centres = torch.cat([batch.float() for _, batch in views.batches(np.array([0, 1]), None, 2)])
        assert torch.allclose(centres, all_of(fresh, None)[:2], rtol=0.02, atol=0.02)
        first, second, third = (
            torch.cat([batch for _, batch in views.batches(np.array([0, 2]), epoch, 8)]) for epoch in range(3)
        )
        assert torch.equal(first, third)
        assert not torch.equal(first, second)


def test_batches_name_their_photos_and_leave_out_what_is_gone(fresh: FreshViews, tmp_path: Path) -> None:
    fresh.paths[1].unlink()
    backwards = np.array([2, 1, 0])
    with keep_views(fresh, dict.fromkeys(range(3), 1), set(), tmp_path) as kept:
        for views in (fresh, kept):
            places = [int(place) for batch, _ in views.batches(backwards, 0, 2) for place in batch]
            assert places == [2, 0]


def test_a_full_disk_gives_the_fresh_views(
    fresh: FreshViews, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(activations.tempfile, "TemporaryFile", lambda **_: Full())
    with keep_views(fresh, {0: 2}, set(), tmp_path) as views:
        assert views is fresh


def test_photos_that_are_all_gone_give_no_views(fresh: FreshViews, tmp_path: Path) -> None:
    for path in fresh.paths:
        path.unlink()
    with io.BytesIO() as file:
        assert fill(file, fresh, {0: 2}, {1}) is None


def test_so_many_views_as_the_limit_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert view_bytes(1) == 256 * 14 * 14 * 2
    assert affordable_views(4, 100, 10, 1, tmp_path) == 4
    monkeypatch.setattr(activations, "LIMIT_BYTES", view_bytes(1) * (10 + 3 * 100))
    assert affordable_views(4, 100, 10, 1, tmp_path) == 3
    assert affordable_views(4, 200, 10, 1, tmp_path) == 0  # one view each is too few
    assert affordable_views(4, 100, 10, 1, tmp_path / "no such folder") == 0
