"""From wishes to a plan: who goes where, under which name, and who stays. Pure but for `survey`."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flowersorter.links import is_own_folder
from flowersorter.records import (
    Code,
    FileMove,
    Photo,
    Plan,
    PlannedMove,
    Reason,
    Refused,
    Stay,
    Transfer,
    Wish,
)
from flowersorter.sorting import fileops, streams
from flowersorter.sorting.naming import family, folder_key, folder_name, numbered_folder, numbered_group


@dataclass(frozen=True, slots=True)
class Survey:
    """What is on the disk, as far as the plan has to know.

    `folders` are the names in `into`, True for real folders; `missing` are the folders down to `into`
    that do not exist; `species_folders` tells the species of folders that earlier batches filled.
    `names` are the names in each of the folders that may be filled; `twins` the digests of files there
    that have the size and, but for a number, the name of a photo that may come; `parents` says which
    folder of `into` each photo lies in now. `meanings` are equal for names of one species; a name that has
    none means itself.
    """

    folders: Mapping[str, bool]
    missing: tuple[Path, ...]
    species_folders: Mapping[str, str]
    names: Mapping[str, frozenset[str]]
    twins: Mapping[str, frozenset[tuple[str, str]]]
    parents: Mapping[Path, str]
    meanings: Mapping[str, Hashable] = field(default_factory=dict)


def survey(
    into: Path,
    wishes: Sequence[Wish],
    species_folders: Mapping[str, str],
    meaning: Callable[[str], Hashable] = folder_key,
) -> Survey:
    """Look at the folders that the wishes concern. Reads bytes only of possible twins.

    `meaning` gives equal values for names of one species in several languages.
    Raises `Refused`: NOT_A_FOLDER, FOLDER_UNREADABLE.
    """
    folders = _entries(into)
    real = [name for name, is_folder in folders.items() if is_folder]
    keys = _keys_of(wishes) | {folder_key(name) for name in species_folders}
    held = {name: species for name, species in species_folders.items() if Path(name).name == name}
    wanted = {wish.species for wish in wishes if wish.species is not None}
    meanings = {name: meaning(name) for name in {*wanted, *real, *held.values()}}
    meant = {meanings[species] for species in wanted}
    concerned = [name for name in real if folder_key(name) in keys or meanings[held.get(name, name)] in meant]
    names = {name: frozenset(_entries(into / name)) for name in concerned}
    sizes = {(family(wish.photo.path.name), wish.photo.size) for wish in wishes if wish.species is not None}
    twins = {name: _twins(into / name, names[name], sizes) for name in concerned}
    parents = _parents(into, concerned, {wish.photo.path.parent for wish in wishes})
    missing = tuple(folder for folder in reversed((into, *into.parents)) if not os.path.lexists(folder))
    return Survey(folders, missing, held, names, twins, parents, meanings)


def make_plan(wishes: Sequence[Wish], *, root: Path, into: Path, transfer: Transfer, survey: Survey) -> Plan:
    """Decide what will happen to every photo. Touches no disk; the same input gives the same plan."""
    planner = _Planner(into, survey)
    for wish in wishes:
        planner.add(wish)
    made = [into / name for name in planner.made]
    return Plan(
        root=root,
        into=into,
        transfer=transfer,
        moves=tuple(planner.moves),
        kept=tuple(planner.kept),
        skipped=tuple(planner.skipped),
        new_folders=(*survey.missing, *made) if planner.moves else (),
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """The name of a species as it is used here, and its folder."""

    species: str
    folder: str


@dataclass(slots=True)
class _Planner:
    into: Path
    survey: Survey
    moves: list[PlannedMove] = field(default_factory=list)
    kept: list[Stay] = field(default_factory=list)
    skipped: list[Stay] = field(default_factory=list)
    made: list[str] = field(default_factory=list)  # names of new species folders
    chosen: dict[str, _Choice] = field(default_factory=dict)  # by the key of the species wished for
    taken: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # folder -> name keys

    def add(self, wish: Wish) -> None:
        photo = wish.photo
        if wish.problem is not None:
            self.skipped.append(Stay(photo, wish.problem))
        elif wish.species is None:
            arguments = {"album": photo.album} if wish.stay is Code.IN_ALBUM else {}
            self.kept.append(Stay(photo, Reason(wish.stay, arguments)))
        elif wish.digest is None:
            self.skipped.append(Stay(photo, Reason(Code.UNREADABLE)))
        else:
            try:
                choice = self._choice_of(wish.species)
            except Refused as refused:
                self.skipped.append(Stay(photo, refused.reason))
                return
            self._file(photo, wish.digest, choice)

    def _file(self, photo: Photo, digest: str, choice: _Choice) -> None:
        folder = choice.folder
        if self.survey.parents.get(photo.path.parent) == folder:
            self.kept.append(Stay(photo, Reason(Code.ALREADY_IN_PLACE)))
            return
        if (family(photo.path.name), digest) in self.survey.twins.get(folder, frozenset()):
            reason = Reason(Code.IDENTICAL_ALREADY_THERE, {"path": self.into / folder})
            self.skipped.append(Stay(photo, reason))
            return
        if folder not in self.survey.folders and folder not in self.made:
            self.made.append(folder)
        sources = (photo.path, *photo.companions)
        names = [path.name for path in sources]
        free = self._free_names(folder, names)
        target = self.into / folder
        files = tuple(FileMove(source, target / name) for source, name in zip(sources, free, strict=True))
        self.moves.append(PlannedMove(photo, digest, choice.species, files, renamed=free != tuple(names)))

    def _choice_of(self, species: str) -> _Choice:
        """The folder of a species: its own, one that it has under another name, or a new one.

        Raises `Refused`.
        """
        key = folder_key(species)
        if key not in self.chosen:
            own = self._own_folder(species)
            there = self.survey.folders.get(own, False)
            other = None if there else self._choice_under_another_name(species)
            self.chosen[key] = other or _Choice(species, own)
        return self.chosen[key]

    def _choice_under_another_name(self, species: str) -> _Choice | None:
        """One species never gets two folders through two languages; the name that is there stays."""
        meaning = self._meaning(species)
        for choice in self.chosen.values():
            if self._meaning(choice.species) == meaning:
                return choice
        taken = {choice.folder for choice in self.chosen.values()}
        held = self.survey.species_folders
        for name in (*held, *sorted(set(self.survey.folders) - set(held))):
            called = held.get(name, name)
            free = self.survey.folders.get(name, False) and name not in taken
            if free and self._meaning(called) == meaning:
                return _Choice(called, name)
        return None

    def _meaning(self, name: str) -> Hashable:
        return self.survey.meanings.get(name, folder_key(name))

    def _own_folder(self, species: str) -> str:
        """The folder that a species has had, one of its name, or a new one. Raises `Refused`."""
        key = folder_key(species)
        for name, held in self.survey.species_folders.items():
            if folder_key(held) == key and self.survey.folders.get(name, True):
                return name
        wanted = folder_name(species)
        others = self._folders_of_others(key)
        # as the species is written first: the folder may have a name that we would not give
        for spelling in (species, wanted):
            for name in (spelling, *sorted(self.survey.folders)):
                fits = folder_key(name) == folder_key(spelling) and self.survey.folders.get(name, False)
                if fits and name not in others:
                    return name
        used = {folder_key(name) for name in (*self.survey.folders, *others)}
        name, n = wanted, 1
        while folder_key(name) in used:
            n += 1
            name = numbered_folder(wanted, n)
        return name

    def _folders_of_others(self, key: str) -> set[str]:
        """Folders that hold another species; two species never share one because of a character in them."""
        earlier = {name for name, held in self.survey.species_folders.items() if folder_key(held) != key}
        return earlier | {choice.folder for choice in self.chosen.values()}

    def _free_names(self, folder: str, names: list[str]) -> tuple[str, ...]:
        if folder not in self.taken:
            self.taken[folder] = {folder_key(name) for name in self.survey.names.get(folder, ())}
        taken = self.taken[folder]
        free, n = tuple(names), 1
        while any(folder_key(name) in taken for name in free):
            n += 1
            free = numbered_group(names, n)
        taken.update(map(folder_key, free))
        return free


def _entries(folder: Path) -> dict[str, bool]:
    """Every name in a folder, and whether it is a real folder; nothing if the folder does not exist."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: is_own_folder(entry) for entry in entries}
    except FileNotFoundError:
        return {}
    except NotADirectoryError as error:
        raise Refused(Code.NOT_A_FOLDER, path=folder) from error
    except OSError as error:
        raise Refused(Code.FOLDER_UNREADABLE, path=folder) from error


def _keys_of(wishes: Sequence[Wish]) -> set[str]:
    keys: set[str] = set()
    for species in {wish.species for wish in wishes if wish.species is not None}:
        keys.add(folder_key(species))
        try:
            keys.add(folder_key(folder_name(species)))
        except Refused:
            continue  # the plan skips its photos with this reason
    return keys


def _twins(folder: Path, names: frozenset[str], sizes: set[tuple[str, int]]) -> frozenset[tuple[str, str]]:
    families = {name for name, _ in sizes}
    twins: set[tuple[str, str]] = set()
    for name in names:
        if family(name) not in families:
            continue
        try:
            status = fileops.look(folder / name)
            if status is not None and (family(name), status.st_size) in sizes:
                twins.add((family(name), streams.digest_of(folder / name)))
        except OSError:
            continue  # what cannot be read is no twin; its name is taken all the same
    return frozenset(twins)


def _parents(into: Path, names: Sequence[str], parents: set[Path]) -> dict[Path, str]:
    """Which of the folders in `into` each parent is, however it is spelled."""
    known = {one: name for name in names if (one := _identity(into / name)) is not None}
    return {parent: known[one] for parent in parents if (one := _identity(parent)) in known}


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
