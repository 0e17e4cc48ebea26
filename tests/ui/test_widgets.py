"""Names are shown as they are written, whatever signs are in them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolTip, QWidget

from flowersorter.ui import messages
from flowersorter.ui.plain_table import PlainTable
from flowersorter.ui.questions import ask
from flowersorter.ui.widgets import Elided, heading, text

NAME = "A<b>B & C"


def elided(words: str) -> QLabel:
    made = Elided(2)
    made.setText(words)
    return made


@pytest.mark.parametrize("make", [heading, text, elided])
def test_a_label_shows_a_name_as_it_is_written(qtbot, make):
    label = make(NAME)
    qtbot.addWidget(label)
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert QAccessible.queryAccessibleInterface(label).text(QAccessible.Text.Name) == NAME


def test_a_question_shows_a_name_as_it_is_written(qtbot):
    page = QWidget()
    qtbot.addWidget(page)
    page.show()
    question = ask(page, f"Remove “{NAME}”?", NAME, f"Open “{NAME}”", lambda: None)
    labels = {label.text(): label.textFormat() for label in question.findChildren(QLabel) if label.text()}
    assert set(labels.values()) == {Qt.TextFormat.PlainText}
    yes = question.findChildren(QPushButton)[0]
    assert yes.shortcut().isEmpty()
    assert QAccessible.queryAccessibleInterface(yes).text(QAccessible.Text.Name) == f"Open “{NAME}”"
    question.reject()


def shown(tip: str) -> str:
    """What is read in a tool tip."""
    QToolTip.showText(QPoint(), tip)
    (label,) = (one for one in QApplication.topLevelWidgets() if one.inherits("QTipLabel"))
    return QAccessible.queryAccessibleInterface(label).text(QAccessible.Text.Name)


@pytest.mark.parametrize("words", ["Rosa", NAME, "/photos/<i>a</i>.jpg\nMay 1 < 2", "<br>"])
def test_a_tool_tip_shows_a_name_as_it_is_written(qtbot, words):
    assert shown(messages.tip(words)) == words


def test_a_tables_tool_tips_show_names_as_they_are_written(qtbot):
    table = PlainTable("Names", ["Name"], stretched=[0])
    qtbot.addWidget(table)
    table.show_rows([[NAME]])
    assert shown(table.item(0, 0).toolTip()) == NAME
