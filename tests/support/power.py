"""A model of what a power cut leaves on a journalled file system.

A rename is atomic. An effect that was not synced survives or not, whatever became of the others: a
name counts as synced when the folders that it left and entered were; bytes and dates when their file
was. Bytes that were not synced may be there, half of them, or none. The journal's commits survive.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

Names = dict[tuple[int, str], int]  # (folder, name) -> file or folder
ROOT = 0


@dataclass(frozen=True)
class Content:
    """A file's bytes and details."""

    data: bytes
    mtime_ns: int
    mode: int


@dataclass
class Effect:
    """A change of names that takes place as a whole, or not at all; `unsynced` are its folders that count."""

    removed: tuple[int, str] | None
    added: tuple[int, str] | None
    node: int
    unsynced: set[int]


@dataclass
class Model:
    """The disk as the program sees it (`names`, `files`) and what is sure to outlive a power cut."""

    names: Names = field(default_factory=dict)
    files: dict[int, Content] = field(default_factory=dict)
    folders: set[int] = field(default_factory=lambda: {ROOT})
    safe_names: Names = field(default_factory=dict)
    safe_files: dict[int, Content] = field(default_factory=dict)
    pending: list[Effect] = field(default_factory=list)
    counter: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def of(cls, folder: Path) -> Model:
        """All of a folder, safe on the disk."""
        model = cls()
        for parent, folders, files in os.walk(folder):
            at = model.node(Path(parent).relative_to(folder).parts)
            for name in folders:
                node = next(model.counter)
                model.names[at, name] = node
                model.folders.add(node)
            for name in files:
                path = Path(parent, name)
                node = next(model.counter)
                model.names[at, name] = node
                model.files[node] = Content(
                    path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode & 0o777
                )
        model.safe_names, model.safe_files = dict(model.names), dict(model.files)
        return model

    def node(self, parts: tuple[str, ...]) -> int:
        node = ROOT
        for part in parts:
            node = self.names[node, part]
        return node

    def rename(self, source: tuple[int, str] | None, target: tuple[int, str] | None, node: int) -> None:
        """Move a name; without a source it appears, without a target it goes."""
        if source is not None:
            del self.names[source]
        if target is not None:
            self.names[target] = node
        at = {place[0] for place in (source, target) if place is not None}
        self.pending.append(Effect(source, target, node, at))

    def sync_folder(self, folder: int) -> None:
        still: list[Effect] = []
        for effect in self.pending:
            effect.unsynced.discard(folder)
            if effect.unsynced:
                still.append(effect)
            else:
                _apply(effect, self.safe_names)
        self.pending = still

    def sync_all(self) -> None:
        self.safe_names, self.safe_files = dict(self.names), dict(self.files)
        self.pending = []

    def after_power_cuts(self, dice: random.Random, most: int) -> Iterator[tuple[Names, dict[int, Content]]]:
        """States that a power cut now can leave: all of them, or `most` drawn by chance."""
        unsure = [node for node, content in self.files.items() if self.safe_files.get(node) != content]
        choices: list[list[Any]] = [[False, True]] * len(self.pending)
        choices += [_variants(self.safe_files.get(node), self.files[node]) for node in unsure]
        count = 1
        for choice in choices:
            count *= len(choice)
        if count <= most:
            picks: list[tuple[Any, ...]] = list(itertools.product(*choices))
        else:
            picks = [tuple(dice.choice(choice) for choice in choices) for _ in range(most)]
        for pick in picks:
            names = dict(self.safe_names)
            for survives, effect in zip(pick, self.pending, strict=False):
                if survives:
                    _apply(effect, names)
            yield names, self.safe_files | dict(zip(unsure, pick[len(self.pending) :], strict=True))


def _apply(effect: Effect, names: Names) -> None:
    if effect.removed is not None and names.get(effect.removed) == effect.node:
        del names[effect.removed]
    if effect.added is not None:
        names[effect.added] = effect.node


def _variants(safe: Content | None, now: Content) -> list[Content]:
    none = Content(b"", now.mtime_ns, 0o600) if safe is None else safe
    half = replace(now, data=now.data[: len(now.data) // 2])
    late = replace(now, mtime_ns=now.mtime_ns + 7_000_000_000)  # the bytes came, their date did not
    return list(dict.fromkeys([none, half, late, now]))


class Recorder:
    """Wraps `fileops.system` and tells the model; `on_effect` comes before each effect.

    Without `syncs` the model takes no notice of syncing, as if the protocol did not do it.
    """

    def __init__(
        self, system: object, root: Path, model: Model, on_effect: Callable[[], None], *, syncs: bool
    ) -> None:
        self._system = system
        self._root = root
        self._model = model
        self._on_effect = on_effect
        self._syncs = syncs
        self._open: dict[int, int] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._system, name)
        tell = getattr(type(self), f"_did_{name}", None)

        def recorded(*arguments: Any) -> Any:
            if tell is not None:
                self._on_effect()
            result = call(*arguments)
            if tell is not None:
                tell(self, result, *arguments)
            return result

        return recorded

    def _at(self, path: Path) -> tuple[int, str]:
        return self._model.node(path.parent.relative_to(self._root).parts), path.name

    def _did_rename(self, _: None, source: Path, target: Path) -> None:
        at = self._at(source)
        self._model.rename(at, self._at(target), self._model.names[at])

    def _did_link(self, _: None, source: Path, target: Path) -> None:
        self._model.rename(None, self._at(target), self._model.names[self._at(source)])

    def _did_unlink(self, _: None, path: Path) -> None:
        at = self._at(path)
        self._model.rename(at, None, self._model.names[at])

    _did_rmdir = _did_unlink

    def _did_mkdir(self, _: None, path: Path) -> None:
        node = next(self._model.counter)
        self._model.folders.add(node)
        self._model.rename(None, self._at(path), node)

    def _did_create(self, descriptor: int, path: Path) -> None:
        node = next(self._model.counter)
        self._model.files[node] = Content(b"", 0, 0o600)
        self._model.rename(None, self._at(path), node)
        self._open[descriptor] = node

    def _did_open(self, descriptor: int, path: Path) -> None:
        self._open[descriptor] = self._model.names[self._at(path)]

    _did_open_to_sync = _did_open

    def _did_write(self, count: int, descriptor: int, data: memoryview) -> None:
        node = self._open[descriptor]
        content = self._model.files[node]
        self._model.files[node] = replace(content, data=content.data + bytes(data[:count]))

    def _did_set_times(self, _: None, path: Path, _accessed_ns: int, modified_ns: int) -> None:
        self._change(path, mtime_ns=modified_ns)

    def _did_set_mode(self, _: None, path: Path, mode: int) -> None:
        self._change(path, mode=mode)

    def _change(self, path: Path, **details: int) -> None:
        node = self._model.names[self._at(path)]
        self._model.files[node] = replace(self._model.files[node], **details)  # type: ignore[arg-type]

    def _did_sync(self, _: None, descriptor: int) -> None:
        if self._syncs:
            node = self._open[descriptor]
            self._model.safe_files[node] = self._model.files[node]

    def _did_sync_disk(self, did: bool, _folder: Path) -> None:
        if self._syncs and did:
            self._model.sync_all()

    def _did_sync_folder(self, _: None, folder: Path) -> None:
        if self._syncs:
            self._model.sync_folder(self._model.node(folder.relative_to(self._root).parts))


def put_on_disk(root: Path, names: Names, files: dict[int, Content], folders: set[int]) -> None:
    """Make a folder what a power cut left; what no name leads to is lost."""
    shutil.rmtree(root)
    root.mkdir()
    waiting = [(ROOT, root)]
    while waiting:
        at, path = waiting.pop()
        for (parent, name), node in names.items():
            if parent != at:
                continue
            if node in folders:
                (path / name).mkdir()
                waiting.append((node, path / name))
            else:
                content = files[node]
                (path / name).write_bytes(content.data)
                (path / name).chmod(content.mode)
                os.utime(path / name, ns=(content.mtime_ns, content.mtime_ns))
