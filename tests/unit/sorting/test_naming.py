"""Promises 9, 11 and 12: legal names, twins, numbers."""

from __future__ import annotations

import os
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowersorter.records import Code, Refused
from flowersorter.sorting.naming import family, folder_key, folder_name, numbered, numbered_group

RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\s*\..*)?", re.IGNORECASE)


@pytest.mark.parametrize(
    ("species", "name"),
    [
        ("Rose", "Rose"),
        ("Rosa 'Peace'", "Rosa 'Peace'"),
        ("Tulipa × gesneriana", "Tulipa × gesneriana"),
        ("桜", "桜"),
        ("Роза", "Роза"),
        ("גרניום", "גרניום"),
        ("گل\u200cسرخ", "گل\u200cسرخ"),  # a joiner is part of the word
        ("Bluete\u0308", "Bluetë"),
        ("Rosa/alba", "Rosa_alba"),
        ("../x", "_x"),
        ("..\\..\\x", "_.._x"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\x", "C__x"),
        ("CON", "CON_"),
        ("con.txt", "con_.txt"),
        ("Lpt¹", "Lpt¹_"),
        ("Aux .x", "Aux_ .x"),
        ("Conifer", "Conifer"),
        ("Rose. ", "Rose"),
        (" .Rose", "Rose"),
        ('<>:"/\\|?*', "_________"),
        ("a\x00b\nc", "a_b_c"),
        ("\u202eesor", "esor"),
        ("ros\udce9", "ros_"),
        ("@eaDir", "@eaDir_"),
        ("My.photoslibrary", "My.photoslibrary_"),
        ("R. x alba", "R. x alba"),
    ],
)
def test_folder_names(species: str, name: str) -> None:
    assert folder_name(species) == name


@pytest.mark.parametrize("species", ["", ".", "..", "...", "   ", ". .", "\u200b", "\t\n"])
def test_names_of_nothing_are_refused(species: str) -> None:
    if species == "\t\n":
        assert folder_name(species) == "__"
        return
    with pytest.raises(Refused) as refused:
        folder_name(species)
    assert refused.value.reason.code is Code.BAD_NAME


@given(st.text(st.characters(codec=None), min_size=1, max_size=300))
@example("CON" + "." * 300)
@example("é" * 200)
@example("e\u0301" * 200)
@example("🌹" * 100)
@example("a" * 239 + "\u0301" * 30)
@example("x" * 234 + ".lrdata")
def test_folder_names_are_legal_everywhere_and_stay_as_they_are(species: str) -> None:
    try:
        name = folder_name(species)
    except Refused:
        return
    assert name
    assert name == unicodedata.normalize("NFC", name)
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
    assert not name.startswith((" ", "."))
    assert not name.endswith((" ", "."))
    assert not RESERVED.fullmatch(name)
    assert len(name.encode()) <= 245
    assert len(numbered(name, 1000).encode()) <= 255
    assert len(name.encode("utf-16-le")) // 2 <= 255
    assert folder_name(name) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rose", "rose"),
        ("Bl\u00fcte", "Blu\u0308te"),
        ("STRASSE", "straße"),
        ("İris", "i\u0307ris"),
        ("Rose.", "Rose"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_twins_have_one_key(one: str, other: str) -> None:
    assert folder_key(one) == folder_key(other)


@given(st.text())
def test_a_key_is_its_own_key(name: str) -> None:
    assert folder_key(folder_key(name)) == folder_key(name)
    assert folder_key(unicodedata.normalize("NFD", name)) == folder_key(unicodedata.normalize("NFC", name))


def test_different_flowers_have_different_keys() -> None:
    assert len({folder_key(name) for name in ("Rose", "Rosen", "Rosé", "Roße", "R ose")}) == 5


def test_a_number_stands_before_the_suffix() -> None:
    assert numbered("a.jpg", 2) == "a (2).jpg"
    assert numbered("noending", 3) == "noending (3)"
    assert numbered("ros\udce9.jpg", 2) == "ros\udce9 (2).jpg"


def test_companions_get_the_number_of_their_picture() -> None:
    """Promise 10: they must still be companions under their new names."""
    names = ("IMG_1.jpg", "IMG_1.jpg.xmp", "img_1.xmp", "IMG_1.CR2", "IMG_E1.jpg")
    expected = ("IMG_1 (2).jpg", "IMG_1 (2).jpg.xmp", "img_1 (2).xmp", "IMG_1 (2).CR2", "IMG_E1 (2).jpg")
    assert numbered_group(names, 2) == expected


@given(
    st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=80),
    st.integers(2, 10**9),
)
def test_numbered_names_fit(stem: str, n: int) -> None:
    names = [stem + ".jpeg", stem + ".jpeg.xmp"]
    picture, companion = numbered_group(names, n)
    assert len(os.fsencode(companion)) <= 255
    assert companion == picture + ".xmp"
    assert picture.endswith(f" ({n}).jpeg")


def test_a_family_has_one_key() -> None:
    assert family("IMG_1 (12).JPG") == family("img_1.jpg")
    assert family("IMG_1 2.JPG") != family("img_1.jpg")
