"""What a model's species are called here: in the gardener's language, and as the folders that are there.

It is done once, when a model is opened, so that guesses, review, plan and receipt all show the name that the
folder has or will get.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from flowersorter.jobs.models import is_builtin
from flowersorter.learning.bundle import Model, ModelInfo
from flowersorter.links import is_own_folder
from flowersorter.paths import Home
from flowersorter.records import Decision
from flowersorter.sorting.journal import Journal
from flowersorter.sorting.naming import folder_key
from flowersorter.species_names import Language, match, same_species, shown, species_called


def called_here(model: Model, language: Language, folders: Sequence[str]) -> Model:
    """The model with its species called as here; `folders` are the species that have a folder.

    Only the built-in model, and what it became by corrections, speaks the gardener's language: names that a
    gardener taught stay as written.
    """
    return called(model, species_here(model.info, language, folders))


def called(model: Model, species: tuple[str, ...]) -> Model:
    """The model with its species called so, in their order."""
    info, head = replace(model.info, species=species), replace(model.head, species=species)
    return replace(model, info=info, head=head)


def species_here(info: ModelInfo, language: Language, folders: Sequence[str] = ()) -> tuple[str, ...]:
    """What a model's species are called, in its order; see `called_here`."""
    return names_here(info.species, language if is_builtin(info) else None, folders)


def names_here(species: Sequence[str], language: Language | None, folders: Sequence[str]) -> tuple[str, ...]:
    """The name of each species: its own, in `language` if given, or that of the folder that it has."""
    own = tuple(species) if language is None else _translated(species, language)
    meaning = meaning_of(own)
    there = {meaning(name): name for name in reversed(folders)}
    keys = set(map(folder_key, folders))
    return tuple(name if folder_key(name) in keys else there.get(meaning(name), name) for name in own)


def meaning_of(told_apart: Iterable[str]) -> Callable[[str], Hashable]:
    """What names of one species have in common; any other name means itself, by its folder key.

    Where two of the names in `told_apart` are one species to us, somebody knows better: they stay two.
    """
    keys = defaultdict(set)
    for name in told_apart:
        keys[species_called(name)].add(folder_key(name))

    def meaning(name: str) -> Hashable:
        species = species_called(name)
        return folder_key(name) if species is None or len(keys.get(species, ())) > 1 else species

    return meaning


def meet(decision: Decision | None, species: Sequence[str]) -> Decision | None:
    """A remembered decision under the name that its species has now among `species`."""
    if decision is None or decision.species is None:
        return decision
    return Decision(match(decision.species, species) or decision.species)


def folders_there(home: Home, into: Path) -> tuple[str, ...]:
    """The species of the folders in `into`: those that we filled first, then others by their names."""
    try:
        with os.scandir(into) as entries:
            names = sorted(entry.name for entry in entries if is_own_folder(entry))
    except OSError:
        return ()  # there are none yet; a folder that cannot be read is refused by the plan
    with Journal.open(home.journal_file) as journal:
        held = journal.species_folders(into)
    return tuple(held.get(name, name) for name in sorted(names, key=lambda name: name not in held))


def _translated(species: Sequence[str], language: Language) -> tuple[str, ...]:
    """Names of the table in `language`; as they are where two would become one."""
    found = [same_species(name) for name in species]
    names = tuple(
        name if one is None else shown(one, language) for name, one in zip(species, found, strict=True)
    )
    return names if len(set(map(folder_key, names))) == len(names) else tuple(species)
