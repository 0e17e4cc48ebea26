"""The views of a photo, and what stands for them in model files and in the cache."""

from __future__ import annotations

import numpy as np
import pytest

from flowersorter.learning.preprocess import FEATURE_SPACE, centre_crop
from flowersorter.learning.views import VIEWS, cache_spaces, mean_features, space_of, views_in


@pytest.mark.parametrize("views", range(1, len(VIEWS) + 1))
def test_the_feature_space_tells_how_many_views_there_are(views: int) -> None:
    assert views_in(space_of(views, FEATURE_SPACE)) == (views, FEATURE_SPACE)


def test_earlier_models_have_one_view_and_a_space_that_is_not_ours_stays_as_it_is() -> None:
    assert space_of(1, FEATURE_SPACE) == FEATURE_SPACE
    assert views_in("centre+whole-decoder9") == (1, "centre+whole-decoder9")


def test_each_view_has_a_place_of_its_own_in_the_cache() -> None:
    spaces = cache_spaces(len(VIEWS), FEATURE_SPACE)
    assert spaces[0] == FEATURE_SPACE
    assert len(set(spaces)) == len(VIEWS)
    assert space_of(len(VIEWS), FEATURE_SPACE) not in spaces


def test_the_second_view_is_the_mirror_image_of_the_first() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (256, 300, 3), dtype=np.uint8)
    first, second = (view.cut(pixels) for view in VIEWS[:2])
    assert np.array_equal(first, centre_crop(pixels))
    assert np.array_equal(second[:, ::-1], first)


@pytest.mark.parametrize("size", [(256, 301), (400, 256), (256, 256)])
def test_the_third_view_holds_the_first_in_its_middle(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    square = VIEWS[2].cut(pixels)
    assert square.shape == (256, 256, 3)
    assert np.array_equal(square[16:-16, 16:-16], centre_crop(pixels))


def test_the_mean_of_one_view_is_that_view() -> None:
    dice = np.random.default_rng(0)
    one, other = dice.random((2, 512)).astype(np.float16).astype(np.float32)
    assert np.array_equal(mean_features([one]), one)
    mean = mean_features([one, other])
    assert np.allclose(mean, (one + other) / 2, rtol=1e-3)
    assert np.array_equal(mean, mean.astype(np.float16).astype(np.float32))
