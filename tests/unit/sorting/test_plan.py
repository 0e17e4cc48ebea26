"""Promises 8, 9, 11 and 14: what will happen is decided once, and nothing is taken."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.garden import Garden, species_of
from support.junctions import make_junctions
from support.trees import tree

from flowersorter.records import Code, Photo, Plan, Reason, Refused, Status, Transfer, Wish
from flowersorter.sorting.naming import folder_key
from flowersorter.sorting.plan import Survey, make_plan, survey


def targets(plan: Plan) -> list[str]:
    return [str(file.target.relative_to(plan.into)) for move in plan.moves for file in move.files]


def test_a_photo_goes_into_its_species_folder_under_its_own_name(garden: Garden) -> None:
    plan = garden.plant("rose_1.jpg", "rose_1.xmp", "daisy_1.jpg", "unsure_1.jpg").plan()
    assert targets(plan) == ["Daisy/daisy_1.jpg", "Rose/rose_1.jpg", "Rose/rose_1.xmp"]
    assert plan.new_folders == (garden.root / "Daisy", garden.root / "Rose")
    assert [stay.reason.code for stay in plan.kept] == [Code.UNSURE]
    assert not any(move.renamed for move in plan.moves)
    assert plan.found == 3


def test_planning_changes_nothing(garden: Garden) -> None:
    """Promise 8: a dry run leaves digests and dates."""
    garden.plant("rose_1.jpg", "Rose/rose_1.jpg", "sub/daisy_1.jpg")
    before = tree(garden.root)
    first = garden.plan()
    assert first == garden.plan()
    assert tree(garden.root) == before


def test_a_taken_name_numbers_the_whole_newcomer(garden: Garden) -> None:
    garden.plant("rose_1.jpg", "rose_1.jpg.xmp", "rose_1.xmp", "sub/rose_1.jpg")
    (garden.root / "Rose").mkdir()
    (garden.root / "Rose" / "ROSE_1.XMP").write_bytes(b"somebody's")
    plan = garden.plan()
    assert targets(plan) == [
        "Rose/rose_1 (2).jpg", "Rose/rose_1 (2).jpg.xmp", "Rose/rose_1 (2).xmp", "Rose/rose_1.jpg",
    ]  # fmt: skip
    assert [move.renamed for move in plan.moves] == [True, False]


def test_an_identical_photo_is_not_brought_again(garden: Garden) -> None:
    garden.plant("rose_1.jpg", "rose_2.jpg")
    filed = garden.root / "Rose"
    filed.mkdir()
    (filed / "Rose_1 (3).JPG").write_bytes((garden.root / "rose_1.jpg").read_bytes())
    (filed / "rose_2.jpg").write_bytes(b"?" * (garden.root / "rose_2.jpg").stat().st_size)
    plan = garden.plan(rule=lambda photo: species_of(photo) if photo.path.parent == garden.root else None)
    assert [stay.reason.code for stay in plan.skipped] == [Code.IDENTICAL_ALREADY_THERE]
    assert targets(plan) == ["Rose/rose_2 (2).jpg"]


def test_a_photo_in_its_folder_stays_however_the_folder_is_spelled(garden: Garden, tmp_path: Path) -> None:
    garden.plant("rose/rose_1 (2).jpg")
    assert [stay.reason.code for stay in garden.plan().kept] == [Code.ALREADY_IN_PLACE]
    (tmp_path / "alias").symlink_to(garden.root, target_is_directory=True)
    elsewhere = replace(garden, into=tmp_path / "alias")
    assert [stay.reason.code for stay in elsewhere.plan().kept] == [Code.ALREADY_IN_PLACE]


@pytest.mark.parametrize("existing", ["rose", "ROSE", "Rose"])
def test_a_twin_folder_is_used_as_it_is_written(garden: Garden, existing: str) -> None:
    """Promise 11."""
    garden.plant("rose_1.jpg")
    (garden.root / existing).mkdir()
    plan = garden.plan()
    assert targets(plan) == [f"{existing}/rose_1.jpg"]
    assert plan.new_folders == ()


def test_nfc_and_nfd_are_one_folder(garden: Garden) -> None:
    """Promise 11."""
    garden.plant("a.jpg")
    (garden.root / "Blu\u0308te").mkdir()
    assert targets(garden.plan(rule=lambda _: "Bl\u00fcte")) == ["Blu\u0308te/a.jpg"]


def test_two_species_never_share_a_folder_because_of_a_character(garden: Garden) -> None:
    """Promise 11."""
    garden.plant("a.jpg", "b.jpg", "c.jpg")
    species = {"a.jpg": "Rosa/alba", "b.jpg": "Rosa:alba", "c.jpg": "rosa/ALBA"}
    plan = garden.plan(rule=lambda photo: species[photo.path.name])
    assert targets(plan) == ["Rosa_alba/a.jpg", "Rosa_alba (2)/b.jpg", "Rosa_alba/c.jpg"]
    garden.carry_out(plan)
    garden.plant("a2.jpg", "b2.jpg")
    species |= {"a2.jpg": "Rosa/alba", "b2.jpg": "Rosa:alba"}
    second = garden.plan(rule=lambda photo: species[photo.path.name])
    assert targets(second) == ["Rosa_alba/a2.jpg", "Rosa_alba (2)/b2.jpg"]


def test_the_folder_that_holds_a_species_wins_over_its_name(garden: Garden) -> None:
    """Promise 11: sorted in English, then in German, one species has one folder."""
    garden.plant("a.jpg")
    wishes = [Wish(Photo(garden.root / "a.jpg", 1, 1), "digest", "bellis perennis")]
    (garden.root / "Daisy").mkdir()
    surveyed = survey(garden.root, wishes, {"Daisy": "Bellis perennis"})
    plan = make_plan(wishes, root=garden.root, into=garden.root, transfer=Transfer.MOVE, survey=surveyed)
    assert targets(plan) == ["Daisy/a.jpg"]


def test_a_file_or_a_link_in_the_folders_place_is_not_entered(garden: Garden, tmp_path: Path) -> None:
    """Promise 9."""
    garden.plant("rose_1.jpg", "daisy_1.jpg")
    (garden.root / "Rose").write_bytes(b"a file")
    (tmp_path / "outside").mkdir()
    (garden.root / "daisy").symlink_to(tmp_path / "outside", target_is_directory=True)
    assert targets(garden.plan()) == ["Daisy (2)/daisy_1.jpg", "Rose (2)/rose_1.jpg"]


def test_a_junction_in_the_folders_place_is_not_entered(
    garden: Garden, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise 9."""
    garden.plant("rose_1.jpg")
    (garden.root / "Rose").mkdir()
    make_junctions(monkeypatch, garden.root / "Rose")
    assert targets(garden.plan()) == ["Rose (2)/rose_1.jpg"]


def two_languages(name: str) -> str:
    """ "Daisy" and "Margerite" mean one species."""
    return {"margerite": "daisy"}.get(folder_key(name), folder_key(name))


def in_german(photo: Photo) -> str | None:
    return {"Daisy": "Margerite"}.get(species := species_of(photo) or "", species) or None


def test_one_species_never_gets_two_folders_through_two_languages(garden: Garden) -> None:
    """Promise 11: sort in English, then in German; undo brings all back."""
    garden.plant("daisy_1.jpg", "rose_1.jpg")
    before = tree(garden.root)
    garden.sort()
    garden.plant("new/daisy_1.jpg", "new/daisy_2.jpg")
    between = tree(garden.root)
    plan = garden.plan(rule=in_german, meaning=two_languages)
    assert targets(plan) == ["Daisy/daisy_1 (2).jpg", "Daisy/daisy_2.jpg"]
    assert {move.species for move in plan.moves} == {"Daisy"}
    assert plan.new_folders == ()
    assert garden.carry_out(plan).count(Status.MOVED) == 2
    with garden.journal() as journal:
        assert journal.species_folders(garden.into) == {"Daisy": "Daisy", "Rose": "Rose"}
    assert garden.plan(rule=in_german, meaning=two_languages, again=True).moves == ()
    garden.undo()
    assert tree(garden.root) == between
    shutil.rmtree(garden.root / "new")
    garden.undo()
    assert tree(garden.root) == before


@pytest.mark.parametrize("by_hand", ["margerite", "Margerite"])
def test_a_folder_of_another_name_is_used_as_it_is_written(garden: Garden, by_hand: str) -> None:
    """Promise 11."""
    garden.plant("daisy_1.jpg", f"{by_hand}/daisy_2.jpg")
    plan = garden.plan(meaning=two_languages)
    assert targets(plan) == [f"{by_hand}/daisy_1.jpg"]
    assert [stay.reason.code for stay in plan.kept] == [Code.ALREADY_IN_PLACE]
    assert plan.moves[0].species == by_hand


def test_two_names_in_one_plan_make_one_folder(garden: Garden) -> None:
    garden.plant("daisy_1.jpg", "margerite_2.jpg", "rose_1.jpg")
    plan = garden.plan(meaning=two_languages)
    assert targets(plan) == ["Daisy/daisy_1.jpg", "Daisy/margerite_2.jpg", "Rose/rose_1.jpg"]
    assert plan.new_folders == (garden.root / "Daisy", garden.root / "Rose")


def test_its_own_folder_comes_before_one_of_another_name(garden: Garden) -> None:
    garden.plant("daisy_1.jpg", "margerite_2.jpg")
    for name in ("Daisy", "Margerite"):
        (garden.root / name).mkdir()
    plan = garden.plan(meaning=two_languages)
    assert targets(plan) == ["Daisy/daisy_1.jpg", "Margerite/margerite_2.jpg"]


def test_a_file_or_a_folder_of_another_species_is_no_folder_of_that_name(garden: Garden) -> None:
    garden.plant("daisy_1.jpg")
    (garden.root / "Margerite").write_bytes(b"a file")
    assert targets(garden.plan(meaning=two_languages)) == ["Daisy/daisy_1.jpg"]
    wishes = [Wish(Photo(garden.root / "daisy_1.jpg", 1, 1), "digest", "Daisy")]
    (garden.root / "Margerite").unlink()
    (garden.root / "Margerite").mkdir()
    surveyed = survey(garden.root, wishes, {"Margerite": "Aster"}, two_languages)
    plan = make_plan(wishes, root=garden.root, into=garden.root, transfer=Transfer.MOVE, survey=surveyed)
    assert targets(plan) == ["Daisy/daisy_1.jpg"]


def test_a_folder_that_another_species_took_is_not_shared(garden: Garden) -> None:
    """ "Rosa:alba" uses the folder "Rosa_alba", so the species "Rosa_alba" gets one of its own."""
    garden.plant("1.jpg", "2.jpg", "Rosa_alba/3.jpg")
    species = {"1.jpg": "Rosa:alba", "2.jpg": "Rosa_alba"}
    plan = garden.plan(rule=lambda photo: species.get(photo.path.name))
    assert targets(plan) == ["Rosa_alba/1.jpg", "Rosa_alba (2)/2.jpg"]


@pytest.mark.parametrize("species", ["../x", "/x", "..\\x", "CON", "a/../../x", "~", "x/."])
def test_hostile_species_stay_inside(garden: Garden, species: str) -> None:
    """Promise 9."""
    plan = garden.plant("a.jpg").plan(rule=lambda _: species)
    (move,) = plan.moves
    assert move.target.parent.parent == garden.into
    assert os.path.normpath(move.target) == str(move.target)


def test_a_hostile_journal_leads_nowhere(garden: Garden) -> None:
    wishes = [Wish(Photo(garden.root / "a.jpg", 1, 1), "digest", "Rose")]
    surveyed = survey(garden.root, wishes, {"../../etc": "Rose"})
    plan = make_plan(wishes, root=garden.root, into=garden.root, transfer=Transfer.MOVE, survey=surveyed)
    assert targets(plan) == ["Rose/a.jpg"]


def test_who_stays_and_why() -> None:
    root = Path("/garden")

    def wish(name: str, species: str | None = None, digest: str | None = "digest", **more: object) -> Wish:
        return replace(Wish(Photo(root / name, 1, 1, album="Holiday"), digest, species), **more)  # type: ignore[arg-type]

    wishes = [
        wish("unsure.jpg"),
        wish("left.jpg", stay=Code.LEFT_BY_CHOICE),
        wish("album.jpg", stay=Code.IN_ALBUM),
        wish("broken.jpg", problem=Reason(Code.UNREADABLE)),
        wish("nothing.jpg", "..."),
        wish("unread.jpg", "Rose", None),
    ]
    empty = Survey({}, (), {}, {}, {}, {})
    plan = make_plan(wishes, root=root, into=root, transfer=Transfer.MOVE, survey=empty)
    assert [stay.reason for stay in plan.kept] == [
        Reason(Code.UNSURE), Reason(Code.LEFT_BY_CHOICE), Reason(Code.IN_ALBUM, {"album": "Holiday"}),
    ]  # fmt: skip
    assert [stay.reason.code for stay in plan.skipped] == [Code.UNREADABLE, Code.BAD_NAME, Code.UNREADABLE]
    assert plan.moves == plan.new_folders == ()


def test_a_missing_target_is_made_with_what_is_above_it(garden: Garden, tmp_path: Path) -> None:
    garden.into = tmp_path / "new" / "sorted"
    plan = garden.plant("rose_1.jpg").plan()
    assert plan.new_folders == (tmp_path / "new", garden.into, garden.into / "Rose")


def test_a_target_that_is_no_folder_is_refused(garden: Garden) -> None:
    garden.plant("rose_1.jpg")
    garden.into = garden.root / "rose_1.jpg"
    with pytest.raises(Refused) as refused:
        survey(garden.into, [], {})
    assert refused.value.reason.code is Code.NOT_A_FOLDER


FILE_NAMES = st.sampled_from(["a.jpg", "A.JPG", "a (2).jpg", "b.jpg", "a.jpeg", "ros\udce9.jpg"])
SPECIES = st.sampled_from(
    [None, "Rose", "rose", "Rosa/alba", "Rosa:alba", "...", "Bl\u00fcte", "Blu\u0308te"]
)


@given(
    st.lists(
        st.tuples(st.sampled_from("pqr"), FILE_NAMES, SPECIES), unique_by=lambda one: one[:2], max_size=12
    )
)
def test_no_two_photos_get_one_name(photos: list[tuple[str, str, str | None]]) -> None:
    """Promises 2, 11 and 21: on any disk, whatever it folds, and nobody is forgotten."""
    root = Path("/garden")
    wishes = [Wish(Photo(root / folder / name, 1, 1), "digest", species) for folder, name, species in photos]
    there = Survey(
        {"ROSE": True, "Rosa_alba": False}, (), {}, {"ROSE": frozenset({"A.jpg"})}, {"ROSE": frozenset()}, {}
    )
    plan = make_plan(wishes, root=root, into=root, transfer=Transfer.MOVE, survey=there)
    assert plan.found == len(wishes)
    keys = [folder_key(str(file.target)) for move in plan.moves for file in move.files]
    assert len(set(keys)) == len(keys)
    assert folder_key("/garden/ROSE/A.jpg") not in keys
    assert len({folder_key(str(folder)) for folder in plan.new_folders}) == len(plan.new_folders)
