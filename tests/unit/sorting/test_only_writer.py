"""Promise 2 in the source: one module changes people's files, and a few write our own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "flowersorter"

# Modules that write files of our own, and what they keep there.
OWN_FILES = {
    "sorting/fileops.py": "people's files: the one that may",
    "sorting/journal_file.py": "the journal, which it sets aside when it is damaged",
    "paths.py": "our folders",
    "own_files.py": "our small files: settings, weights, reports, verdicts, whole or not at all",
    "settings.py": "the settings, which it sets aside when they are damaged",
    "library.py": "the library",
    "databases.py": "the caches of features and thumbnails, which it begins again when they are damaged",
    "cli/output.py": "the report that --report asks for",
    "jobs/download.py": "downloaded weights",
    "jobs/deepen.py": "a fine-tuned backbone in the cache, on its way into its model",
    "jobs/versions.py": "the mark of the version in force, in the model library",
    "jobs/models.py": "half-written models in the model library",
    "learning/bundle.py": "models",
    "learning/parts.py": "models",
    "learning/pretrain.py": "a training run's own folder",
    "learning/pretrain_export.py": "a training run's own folder",
    "learning/pretrain_photos.py": "a training run's own folder",
    "pictures/child.py": "the null device",
}

CHANGING = {
    "os": {
        "chmod", "chown", "link", "makedirs", "mkdir", "mkfifo", "mknod", "remove", "removedirs", "rename",
        "renames", "replace", "rmdir", "symlink", "truncate", "unlink", "utime", "write", "setxattr",
        "removexattr",
        "ftruncate", "posix_fallocate", "sendfile", "copy_file_range",
    },
    "shutil": {
        "copy", "copy2", "copyfile", "copyfileobj", "copymode", "copystat", "copytree", "move", "rmtree",
        "unpack_archive",
    },
}  # fmt: skip
# Methods of pathlib.Path that other things have too are found by their names all the same.
METHODS = {
    "chmod", "hardlink_to", "mkdir", "rmdir", "symlink_to", "touch", "unlink", "write_bytes", "write_text",
    "rename",
}  # fmt: skip
WRITING_MODES = set("wax+")


def changes(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and name of every call that can change a file."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute):
            owner = function.value.id if isinstance(function.value, ast.Name) else ""
            if isinstance(function.value, ast.Attribute) and function.value.attr == "system":
                continue  # a primitive of fileops
            if function.attr in CHANGING.get(owner, set()) or (
                owner not in CHANGING and function.attr in METHODS
            ):
                found.append((node.lineno, f"{owner}.{function.attr}"))
            elif function.attr == "open" and _writes(node, position=1 if owner in {"os", "io"} else 0):
                found.append((node.lineno, f"{owner}.open"))
        elif isinstance(function, ast.Name) and function.id == "open" and _writes(node, position=1):
            found.append((node.lineno, "open"))
    return found


def _writes(call: ast.Call, position: int) -> bool:
    arguments = call.args[position : position + 1]
    arguments += [keyword.value for keyword in call.keywords if keyword.arg in {"mode", "flags"}]
    for argument in arguments:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return bool(WRITING_MODES & set(argument.value))
        names = {node.attr for node in ast.walk(argument) if isinstance(node, ast.Attribute)}
        if names & {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}:
            return True
    return False


@pytest.mark.parametrize(
    "line",
    [
        "os.rename(a, b)", "shutil.move(a, b)", "Path(a).unlink()", "a.write_bytes(b)", "a.open('wb')",
        "open(a, 'r+')", "open(a, mode='x')", "os.open(a, os.O_WRONLY | os.O_CREAT)", "a.rename(b)",
        "a.mkdir()", "os.utime(a)",
    ],
)  # fmt: skip
def test_a_change_is_seen(line: str) -> None:
    assert changes(ast.parse(line))


@pytest.mark.parametrize(
    "line", ["open(a)", "a.open('rb')", "a.replace('x', 'y')", "os.open(a, os.O_RDONLY)", "os.scandir(a)"]
)
def test_reading_is_no_change(line: str) -> None:
    assert changes(ast.parse(line)) == []


def modules() -> list[str]:
    return sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def test_nothing_else_changes_files() -> None:
    found = {
        module: changes(ast.parse((PACKAGE / module).read_text("utf-8")))
        for module in modules()
        if module not in OWN_FILES
    }
    assert {module: calls for module, calls in found.items() if calls} == {}


def test_the_list_has_no_module_that_needs_no_place_on_it() -> None:
    assert all(changes(ast.parse((PACKAGE / module).read_text("utf-8"))) for module in OWN_FILES)
