from __future__ import annotations

from pathlib import Path

import pytest
from support.networks import save_random_weights


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet-18 that was never trained, as torchvision saves it."""
    return save_random_weights(tmp_path_factory.mktemp("weights") / "random.pth", seed=1)
