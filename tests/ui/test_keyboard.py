"""Without a mouse: Tab reaches whatever can be pressed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from support.plans import ROOT

from flowersorter.jobs.clean import Checked
from flowersorter.learning.suspects import Finding, Kind, SuspectPhoto
from flowersorter.records import Code, Reason
from flowersorter.sorting.preflight import Concern

PATIENCE = 20_000  # ms
Key = Qt.Key


def reached(qtbot, start: QWidget) -> set[QWidget]:
    """What has the keyboard one after the other, from `start` until it comes round."""
    start.setFocus()
    found: set[QWidget] = set()
    while (now := QApplication.focusWidget()) is not None and now not in found:
        found.add(now)
        qtbot.keyClick(now, Key.Key_Tab)
    return found


def reachable(window: QWidget) -> set[QWidget]:
    """What is there for Tab. Once Tab has met one of a group, the arrows lead to the others."""
    return {
        widget
        for widget in window.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and widget.isEnabled()
        and widget.focusProxy() is None
        and not isinstance(widget, QScrollArea)
    }


@pytest.fixture
def active(reviewed, qtbot):
    reviewed.activateWindow()
    qtbot.waitUntil(reviewed.isActiveWindow)
    return reviewed


def missed(qtbot, window: QWidget, start: QWidget) -> list[str]:
    found = reached(qtbot, start)
    left = reachable(window) - found
    return [f"{type(one).__name__} {one.accessibleName() or one.property('text')}" for one in left]


def test_tab_goes_all_the_way_round_the_review(active, qtbot):
    review = active.sort_page.review
    review.message.show_message("So few photos.", "warning", "Teach more photos…", lambda: None)
    assert missed(qtbot, active, review.grid) == []
    review.show_large()
    assert missed(qtbot, active, review.large) == []


def test_tab_goes_all_the_way_round_the_plan(active, qtbot):
    """Promise 23: what has to be agreed to can be agreed to without a mouse."""
    page, session = active.sort_page, active.session
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        page._ask_for_plan()
    asks = Concern(Reason(Code.FOLDER_ASKS_FIRST, {"path": ROOT, "kind": "home"}), blocks=False)
    page.plan.show_plan(replace(session.plan, concerns=(asks,)))
    assert active.focusWidget() is page.plan.moves
    assert missed(qtbot, active, page.plan.moves) == []


def test_tab_goes_all_the_way_round_the_receipt(active, qtbot):
    page, session = active.sort_page, active.session
    with qtbot.waitSignal(session.planned, timeout=PATIENCE):
        page._ask_for_plan()
    with qtbot.waitSignal(session.filed, timeout=PATIENCE):
        page.plan.go.click()
    assert missed(qtbot, active, page.receipt.another_button) == []


def test_tab_goes_all_the_way_round_what_looks_wrong(active, qtbot, folder):
    photo = SuspectPhoto(folder / "daisy-95-1.jpg", "digest", "daisy")
    finding = Finding(Kind.MISFILED, (photo,), "tulip", 0.5)
    active.show_teaching()
    cleaning = active.teaching._open_cleaning()
    active.teaching.pages.setCurrentWidget(cleaning)
    cleaning.show_checked(Checked(folder, ("daisy", "tulip"), 1, (finding,)))
    assert active.focusWidget() is cleaning.page.grid
    assert missed(qtbot, active, cleaning.page.grid) == []


def test_back_on_the_sort_page_the_photos_have_the_keyboard(active):
    for show in (active.sort_page.review.show_large, active.sort_page.review.show_grid):
        show()
        before = active.focusWidget()
        active.show_help()
        active.show_sort()
        assert active.focusWidget() is before
