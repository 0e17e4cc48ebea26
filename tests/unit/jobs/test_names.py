"""What species are called here: in the gardener's language, and as the folders that are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowersorter.jobs import names
from flowersorter.jobs.names import called_here, folders_there, meaning_of, meet, names_here
from flowersorter.learning.bundle import Model, ModelInfo
from flowersorter.learning.calibrate import Calibration
from flowersorter.learning.head import Head
from flowersorter.paths import Home
from flowersorter.records import Decision
from flowersorter.sorting.naming import folder_key
from flowersorter.species_names import Language

OURS = ("Oxeye Daisy", "Rose", "Wild Pansy")  # labels, as the built-in model has them


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (Language.ENGLISH, ("Oxeye daisy", "Rose", "Pansy")),
        (Language.GERMAN, ("Margerite", "Rose", "Stiefmütterchen")),
        (Language.BOTANICAL, ("Leucanthemum vulgare", "Rosa", "Viola tricolor")),
        (None, OURS),
    ],
)
def test_names_in_a_language(language: Language | None, shown: tuple[str, ...]) -> None:
    assert names_here(OURS, language, ()) == shown


def test_a_folder_that_is_there_gives_its_name() -> None:
    """Promise 11."""
    folders = ("Leucanthemum vulgare", "rosa", "Rosa 'Peace'", "Pansy", "Stiefmütterchen")
    here = names_here(OURS, Language.GERMAN, folders)
    assert here == ("Leucanthemum vulgare", "rosa", "Stiefmütterchen")
    assert names_here(("my daisy", "daisy"), None, folders) == ("my daisy", "Leucanthemum vulgare")


def test_two_species_of_one_model_stay_two() -> None:
    taught = ("Daisy", "Margerite")
    assert names_here(taught, None, ("Leucanthemum vulgare",)) == taught
    assert names_here(taught, Language.BOTANICAL, ()) == taught
    meaning = meaning_of(taught)
    assert meaning("Daisy") == folder_key("Daisy") != meaning("Margerite")
    assert meaning("roses") == meaning("Rosa") != meaning("Rosa 'Peace'")


def test_decisions_meet_the_names_of_today() -> None:
    assert meet(Decision("Margerite"), ("Oxeye daisy", "Rose")) == Decision("Oxeye daisy")
    assert meet(Decision("Rosa 'Peace'"), ("Oxeye daisy", "Rose")) == Decision("Rosa 'Peace'")
    assert meet(Decision(None), ("Rose",)) == Decision(None)
    assert meet(None, ("Rose",)) is None


def test_only_the_built_in_model_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a gardener taught stays as it is written."""
    info = ModelInfo("x", 1, Path("x"), "", OURS, 3, "head", "builtin", "", "", None, None, "0.1.0")
    none = Calibration(np.zeros(0, np.float32), np.zeros(0, np.bool_), np.zeros(0, np.int64))
    head = Head(OURS, np.zeros((3, 512), np.float32), np.zeros(3, np.float32), root=True)
    model = Model(info, head, none)
    monkeypatch.setattr(names, "is_builtin", lambda _info: False)
    assert called_here(model, Language.GERMAN, ()).info.species == OURS
    monkeypatch.setattr(names, "is_builtin", lambda _info: True)
    german = called_here(model, Language.GERMAN, ())
    assert german.info.species == german.head.species == ("Margerite", "Rose", "Stiefmütterchen")


def test_the_folders_that_are_there(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "sorted"
    assert folders_there(home, folder) == ()
    for name in ("Rose", "Aster"):
        (folder / name).mkdir(parents=True)
    (folder / "notes.txt").touch()
    (folder / "link").symlink_to(folder / "Rose", target_is_directory=True)
    assert folders_there(home, folder) == ("Aster", "Rose")
