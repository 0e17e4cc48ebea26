"""The folding list that the plan, the receipt and the history share."""

from __future__ import annotations

import os
from pathlib import Path

from support.plans import stay
from support.tree_texts import shown

from flowersorter.records import Code, Left, Reason
from flowersorter.ui.group_tree import Group, GroupModel, GroupTree, Line, by_reason, stay_line


def describe(name: str) -> Line:
    return Line(name, f"note of {name}")


def test_the_model_keeps_qts_rules(qapp, qtmodeltester):
    model = GroupModel(("Name", "Photos", "Note"), describe)
    qtmodeltester.check(model)
    model.show([Group("roses", "new", ["a", "b"]), Group("none", "", []), Group("tulips", "", ["c"])])
    qtmodeltester.check(model)


def test_groups_show_their_count_and_lines(qtbot):
    tree = GroupTree(("Name", "Photos", "Note"), describe)
    qtbot.addWidget(tree)
    tree.show_groups([Group("roses", "new", ["a", "b"])], open_up_to=2)
    assert shown(tree) == {"roses": ["2 | new", "a | note of a", "b | note of b"]}
    assert tree.isExpanded(tree.model().index(0, 0))


def test_large_groups_start_folded(qtbot):
    tree = GroupTree(("Name", "Photos", ""), describe)
    qtbot.addWidget(tree)
    tree.show_groups([Group("roses", "", ["a", "b", "c"])], open_up_to=2)
    assert not tree.isExpanded(tree.model().index(0, 0))


def test_reasons_come_in_the_order_given_with_all_their_photos(qtbot):
    groups = by_reason(
        [stay("a.jpg", Code.FILE_BUSY), stay("b.jpg", Code.UNSURE), stay("c.jpg", Code.UNSURE)]
    )
    assert [(group.title, len(group.rows)) for group in groups] == [
        ("Another program is using the file. Close it and try again.", 1),
        ("FlowerSorter is not sure which species this is.", 2),
    ]


def test_a_name_that_is_not_utf_8_can_be_shown(qtbot):
    """Promise 12: file names in any bytes are handled."""
    tree = GroupTree(("Name", "Photos", ""), stay_line)
    qtbot.addWidget(tree)
    odd = Path(os.fsdecode(b"/garden/ros\xe9.jpg"))
    tree.show_groups(by_reason([Left(odd, Reason(Code.EDITED_SINCE))]))
    assert shown(tree) == {"It was edited after it was moved.": ["1", "ros�.jpg"]}
