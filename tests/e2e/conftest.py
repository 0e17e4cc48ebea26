"""A small garden that the tests draw, and a model that was taught on it through the command line."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.commands import Answer, Command
from support.networks import save_random_weights
from support.pictures import SPECIES, draw_flower, draw_library, save_photo

from flowersorter.cli.main import run
from flowersorter.paths import HOME_VARIABLE, Home, home_in
from flowersorter.settings import Settings, save

PHOTOS_PER_SPECIES = 16


@pytest.fixture(scope="session")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled photos: one subfolder per species."""
    folder = tmp_path_factory.mktemp("garden")
    draw_library(folder, PHOTOS_PER_SPECIES, size=(160, 120))
    return folder


@pytest.fixture(scope="session")
def taught_home(garden: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a model "garden"; tests take copies of it."""
    folder = tmp_path_factory.mktemp("taught")
    home = home_in(folder)
    home.make()
    weights = folder / "random-resnet18.pth"
    save_random_weights(weights, seed=7)
    save(home.settings_file, Settings(weights_file=str(weights), device="cpu"))
    before = os.environ.get(HOME_VARIABLE)
    os.environ[HOME_VARIABLE] = str(folder)
    try:
        assert run(["teach", str(garden), "--name", "garden", "--json"]) == 0
    finally:
        if before is None:
            del os.environ[HOME_VARIABLE]
        else:
            os.environ[HOME_VARIABLE] = before
    return home


@pytest.fixture
def ready(taught_home: Home, home: Home) -> Home:
    """This test's own home, with the model "garden"."""
    shutil.copytree(taught_home.config.parent, home.config.parent, dirs_exist_ok=True)
    return home


@pytest.fixture
def mixture(tmp_path: Path) -> Path:
    """A folder as a camera leaves it: new photos of all species, companions, a few oddities."""
    folder = tmp_path / "2024 garden"
    folder.mkdir()
    for row, species in enumerate(SPECIES):
        for seed in range(4):
            name = f"IMG_{row:02}{seed:02}.jpg"
            image = draw_flower(species, 500 + seed, size=(200, 150))
            taken = datetime(2024, 5, 1 + row, 8 + seed, tzinfo=UTC)
            save_photo(folder / name, image, taken=taken, mtime=taken.timestamp())
    (folder / "IMG_0000.xmp").write_text("<x:xmpmeta/>", "utf-8")
    (folder / "IMG_0001.jpg.xmp").write_text("<x:xmpmeta/>", "utf-8")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is not the rest of a picture")
    (folder / "notes.txt").write_text("Prune the roses.", "utf-8")
    shutil.copy2(folder / "IMG_0102.jpg", folder / os.fsdecode(b"ros\xe9.jpg"))
    return folder


@pytest.fixture
def command(home: Home, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run one command in this process and return what it answered."""

    def call(*arguments: str | Path) -> Answer:
        capsys.readouterr()
        status = run([*map(str, arguments), "--json"])
        printed = capsys.readouterr()
        return Answer(status, json.loads(printed.out), printed.err)

    return call
