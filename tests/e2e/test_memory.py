"""Promise 22: sorting hostile pictures takes little more memory than sorting ordinary ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.processes import descendants_of, memory_of
from support.trees import contents

from flowersorter.paths import HOME_VARIABLE, Home

MORE = 300_000_000  # bytes above native/

pytestmark = [
    pytest.mark.photos,
    pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc"),
]


def peak_of_sorting(folder: Path, home: Path) -> tuple[int, dict[str, Any]]:
    """The most memory in bytes that all processes of a sort had at one time; its answer."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flowersorter", "sort", folder, "--max-wrong", "20", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, HOME_VARIABLE: str(home)},
    )
    peak = 0
    while True:
        try:
            out, _ = process.communicate(timeout=0.05)
        except subprocess.TimeoutExpired:
            peak = max(peak, sum(map(memory_of, {process.pid, *descendants_of(process.pid)})))
        else:
            return peak, json.loads(out)


def test_hostile_pictures_take_little_more_memory(ready: Home, real_photos: Path, tmp_path: Path) -> None:
    peaks: dict[str, int] = {}
    for name in ("native", "hostile"):
        folder = tmp_path / name
        folder.mkdir()
        files = [path for path in sorted((real_photos / name).rglob("*")) if path.is_file()]
        for number, path in enumerate(files):
            shutil.copy2(path, folder / f"{number:03}-{path.name}")
        before = contents(folder)
        peaks[name], answer = peak_of_sorting(folder, ready.config.parent)
        assert contents(folder) == before
        assert answer["found"] >= 176
    assert peaks["hostile"] - peaks["native"] < MORE, peaks
