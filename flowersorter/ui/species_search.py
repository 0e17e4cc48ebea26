"""Which species are meant by what is typed: the gardener's own by any of their names, then the table's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowersorter.species_names import Language, Species, all_species, letters, shown, species_called


@dataclass(frozen=True, slots=True)
class Hit:
    """A species that fits, and the other name of it that was typed, if it was one."""

    species: str
    matched: str | None = None


def own_hits(typed: str, known: Sequence[str]) -> list[Hit]:
    """Species of `known` that begin so, then those that contain it, then those with a name that begins so."""
    low = typed.casefold()
    begin = [name for name in known if name.casefold().startswith(low) or _begins(name, typed)]
    inside = [name for name in known if low in name.casefold() and name not in begin]
    hits = [Hit(name) for name in begin + inside]
    for name in known:
        species = species_called(name)
        if species is not None and name not in begin and name not in inside:
            matched = _name_that_begins(species, typed)
            hits += [] if matched is None else [Hit(name, matched)]
    return hits


def table_hits(typed: str, known: Sequence[str], language: Language) -> list[Hit]:
    """Species of the table, not `known`, with a name that begins so; for nothing typed all of them."""
    met = {species_called(name) for name in known}
    hits = []
    for species in all_species():
        name = shown(species, language)
        matched = name if not typed or _begins(name, typed) else _name_that_begins(species, typed)
        if species not in met and matched is not None:
            hits.append(Hit(name, None if matched == name else matched))
    return sorted(hits, key=lambda hit: (hit.matched is not None, letters(hit.species)))


def _name_that_begins(species: Species, typed: str) -> str | None:
    return next((name for name in species.names if _begins(name, typed)), None)


def _begins(name: str, typed: str) -> bool:
    wanted = letters(typed)
    return bool(wanted) and letters(name).startswith(wanted)
