"""What a disk is said to be able to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.primitives import disk

from flowersorter.sorting import disk_check


@pytest.mark.parametrize(("way", "said"), [("rename", "rename"), ("link", "link"), ("fill", "copy")])
def test_which_rename_a_disk_has(way: str, said: str, tmp_path: Path) -> None:
    with disk(way):
        assert said in disk_check.describe_rename(tmp_path)
    assert list(tmp_path.iterdir()) == []
