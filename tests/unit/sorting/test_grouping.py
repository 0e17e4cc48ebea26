"""Promise 10: which files travel together."""

from __future__ import annotations

import pytest

from flowersorter.sorting.grouping import group


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["a.jpg", "a.cr2"], [("a.jpg", ("a.cr2",))]),
        (["a.HEIC", "a.DNG"], [("a.HEIC", ("a.DNG",))]),
        (["a.cr2"], [("a.cr2", ())]),
        (["a.png", "a.cr2"], [("a.cr2", ()), ("a.png", ())]),
        (["a.jpg", "a.png"], [("a.jpg", ()), ("a.png", ())]),
        (["A.JPG", "a.xmp"], [("A.JPG", ("a.xmp",))]),
        (["a.jpg", "a.xmp", "a.jpg.xmp"], [("a.jpg", ("a.jpg.xmp", "a.xmp"))]),
        (["a.jpg", "a.cr2", "a.cr2.xmp", "a.xmp"], [("a.jpg", ("a.cr2", "a.cr2.xmp", "a.xmp"))]),
        (["a.jpg", "a.png", "a.png.xmp"], [("a.jpg", ()), ("a.png", ("a.png.xmp",))]),
        (["a.jpg", "a.png", "a.wav"], [("a.jpg", ("a.wav",)), ("a.png", ())]),
        (["IMG_1234.HEIC", "IMG_1234.MOV"], [("IMG_1234.HEIC", ("IMG_1234.MOV",))]),
        (
            ["IMG_1234.HEIC", "IMG_1234.AAE", "IMG_E1234.JPG", "IMG_O1234.AAE", "IMG_E1234.MOV"],
            [("IMG_1234.HEIC", ("IMG_1234.AAE", "IMG_E1234.JPG", "IMG_E1234.MOV", "IMG_O1234.AAE"))],
        ),
        (["IMG_E1234.JPG"], [("IMG_E1234.JPG", ())]),
        (
            ["IMG_1234.CR2", "IMG_1234.JPG", "IMG_E1234.JPG"],
            [("IMG_1234.JPG", ("IMG_1234.CR2", "IMG_E1234.JPG"))],
        ),
        (["IMG_1234 (2).jpg", "IMG_E1234 (2).jpg"], [("IMG_1234 (2).jpg", ("IMG_E1234 (2).jpg",))]),
        (["MVI_1.THM", "MVI_1.MOV"], []),
        (["lonely.xmp", "a.jpg"], [("a.jpg", ())]),
        (["Blu\u0308te.jpg", "Bl\u00fcte.xmp"], [("Blu\u0308te.jpg", ("Bl\u00fcte.xmp",))]),
    ],
)
def test_groups(names: list[str], groups: list[tuple[str, tuple[str, ...]]]) -> None:
    assert group(names) == groups
    assert group(reversed(names)) == groups
