"""What every test gets: no screen, and settings, models and caches of its own."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parent))

from flowersorter.jobs.weights import imagenet_file
from flowersorter.paths import HOME_VARIABLE, Home, home_in

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The program's own folders, empty, in this test's temporary folder."""
    folder = tmp_path / "flowersorter-home"
    monkeypatch.setenv(HOME_VARIABLE, str(folder))
    home = home_in(folder)
    home.make()
    return home


@pytest.fixture(scope="session")
def real_photos() -> Path:
    """The folder of real photos beside the checkout."""
    folder = SHARED / "photos"
    if not folder.is_dir():
        pytest.skip("the real photos do not lie beside this checkout (../shared/photos)")
    return folder


@pytest.fixture(scope="session")
def real_weights() -> Path:
    """A ResNet-18 that knows ImageNet, beside the checkout."""
    files = sorted((SHARED / "weights").glob("resnet18-*.pth"))
    if not files:
        pytest.skip("no ImageNet weights lie beside this checkout (../shared/weights)")
    return files[0]


@pytest.fixture
def downloaded(home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file where the download puts the ImageNet weights, of another checksum."""
    data = b"weights"
    monkeypatch.setattr("flowersorter.jobs.weights.IMAGENET_SHA256", hashlib.sha256(data).hexdigest())
    file = imagenet_file(home)
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    return file


@pytest.fixture
def no_builtin_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests about models and weights of one's own: as if none came with the program."""
    monkeypatch.setattr("flowersorter.jobs.models.builtin_model", lambda: None)
    monkeypatch.setattr("flowersorter.jobs.weights.builtin_model", lambda: None)
