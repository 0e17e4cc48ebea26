"""Where the program keeps its own files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from flowersorter.records import Code, Refused

APP_NAME = "FlowerSorter"
HOME_VARIABLE = "FLOWERSORTER_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one user's settings, data (kept for ever) and cache (may be deleted)."""

    config: Path
    data: Path
    cache: Path

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.json"

    @property
    def window_file(self) -> Path:
        return self.config / "window.ini"

    @property
    def library_file(self) -> Path:
        return self.data / "library.sqlite"

    @property
    def journal_file(self) -> Path:
        return self.data / "journal.sqlite"

    @property
    def log_file(self) -> Path:
        """What went wrong inside the program, newest last. The window writes it."""
        return self.data / "flowersorter.log"

    @property
    def lock_file(self) -> Path:
        return self.data / "flowersorter.lock"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def backbones(self) -> Path:
        """The networks that models of the library were taught on, by the sha256 of their weights."""
        return self.data / "backbones"

    @property
    def weights(self) -> Path:
        return self.cache / "weights"

    @property
    def features_file(self) -> Path:
        return self.cache / "features.sqlite"

    @property
    def thumbnails_file(self) -> Path:
        return self.cache / "thumbnails.sqlite"

    @property
    def engines_file(self) -> Path:
        """Which fast ways to calculate agreed with the reference on this machine."""
        return self.cache / "engines.json"

    def own_folders(self) -> tuple[Path, ...]:
        """Folders that scanning never enters."""
        return (self.config, self.data, self.cache)

    def make(self) -> None:
        """Create the folders. Raises OSError where that is not possible."""
        for folder in self.own_folders():
            folder.mkdir(parents=True, exist_ok=True)


def user_home() -> Home:
    """The folders of this user; ``FLOWERSORTER_HOME`` puts them all into one.

    Raises `Refused` (FILE_UNUSABLE) where the system knows no home folder, as for some services.
    """
    override = os.environ.get(HOME_VARIABLE)
    try:
        if override:
            return home_in(Path(override).expanduser().absolute())
        dirs = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
        return Home(dirs.user_config_path, dirs.user_data_path, dirs.user_cache_path)
    except RuntimeError as error:
        detail = f"there is no such folder; set {HOME_VARIABLE} to one that exists"
        raise Refused(Code.FILE_UNUSABLE, path=Path(override or "~"), detail=detail) from error


def home_in(folder: Path) -> Home:
    """The folders of a program that keeps all its files in `folder`."""
    return Home(folder / "config", folder / "data", folder / "cache")
