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


def test_names_that_differ_in_case_alone_keep_their_own_companions() -> None:
    """A disk that tells case apart holds both."""
    xmps = ["IMG_1.JPG", "IMG_1.JPG.xmp", "IMG_1.jpg", "IMG_1.jpg.xmp"]
    assert group(xmps) == [("IMG_1.JPG", ("IMG_1.JPG.xmp",)), ("IMG_1.jpg", ("IMG_1.jpg.xmp",))]
    raws = ["A.JPG", "A.NEF", "A.xmp", "a.jpg", "a.nef", "a.xmp"]
    assert group(raws) == [("A.JPG", ("A.NEF", "A.xmp")), ("a.jpg", ("a.nef", "a.xmp"))]


def test_where_case_is_not_told_apart_names_meet_all_the_same() -> None:
    assert group(["A.JPG", "a.NEF", "a.Xmp"]) == [("A.JPG", ("a.NEF", "a.Xmp"))]
