"""The page says what the record says, escapes what people typed, and needs nothing from elsewhere."""

from __future__ import annotations

import os
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from flowersorter.jobs.teach import Taught
from flowersorter.jobs.teaching_report import FILE_NAME, report_html, write_report
from flowersorter.learning.bundle import ModelInfo
from flowersorter.learning.evaluate import Answer, Epoch, validate
from flowersorter.records import Code, Left, Reason

HOSTILE = "<script>alert('rose')</script> & \"Peace\""
SPECIES = (HOSTILE, "tulip", "Gänseblümchen")
EMPTY = {"meta", "br"}


class Page(HTMLParser):
    """Tables as lists of rows of texts, by class; every tag and attribute; and that all tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self._table: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in EMPTY:
            self._open.append(tag)
        if tag == "table":
            self._table = self.tables[attributes["class"] or ""] = []
        elif tag == "tr":
            self._table.append([])
        elif tag in ("td", "th"):
            self._table[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.text.append(data)
        if {"td", "th"} & set(self._open):
            self._table[-1][-1] += data


def answers() -> tuple[Answer, ...]:
    said = [(0, 0)] * 18 + [(0, 1)] * 3 + [(1, 1)] * 12 + [(1, 2)] + [(2, 2)] * 3
    return tuple(
        Answer(Path(f"/home/anna/{n}.jpg"), SPECIES[label], SPECIES[guess], 0.8, f"g{n}", in_top3=n % 9 > 0)
        for n, (label, guess) in enumerate(said)
    )


def taught(**changes: Any) -> Taught:
    validation = validate(answers(), SPECIES)
    info = ModelInfo(
        f"garden {HOSTILE}", 3, Path("/m"), "2026-05-01T10:00:00+00:00", SPECIES, 1234, "head", "imagenet",
        "ab" * 32, "cd", validation.accuracy, validation.interval, "0.9.1",
    )  # fmt: skip
    epochs = (Epoch(1.5, 0.5, 1.6, 0.4), Epoch(0.8, 0.8, 1.0, 0.7), Epoch(0.5, 0.9, 0.9, 0.75))
    skipped = (
        Left(Path("/home/anna/garden/tulip/bad.jpg"), Reason(Code.UNREADABLE)),
        Left(Path(os.fsdecode(b"/home/anna/garden/ros\xe9 <b>.jpg")), Reason(Code.NOT_A_PICTURE)),
    )
    made = Taught(info, epochs, validation, answers(), skipped, "cpu (2 threads)", 42.31, seed=7)
    return replace(made, own=info.species, **changes)


def percent(text: str) -> float:
    return float(text.removesuffix(" %"))


def test_the_species_figures_are_those_of_the_record() -> None:
    record = taught().validation.per_species
    _, *rows = Page(report_html(taught())).tables["species"]
    assert [row[0] for row in rows] == list(SPECIES)
    for row, figures in zip(rows, record, strict=True):
        assert int(row[1]) == figures.photos
        assert figures.recall is not None
        assert figures.precision is not None
        assert percent(row[2]) == pytest.approx(100 * figures.recall, abs=0.05)
        assert percent(row[3]) == pytest.approx(100 * figures.precision, abs=0.05)
        assert (row[4] == "too few photos to say") == figures.too_few
    assert [figures.too_few for figures in record] == [False, False, True]


def test_the_mix_ups_are_those_of_the_record() -> None:
    head, *rows = Page(report_html(taught())).tables["confusion"]
    assert head == ["", *SPECIES]
    counts = [[int(cell or 0) for cell in row[1:]] for row in rows]
    assert counts == [list(row) for row in taught().validation.confusion]
    assert [row[0] for row in rows] == list(SPECIES)


def test_the_summary_gives_the_accuracy_with_its_interval() -> None:
    validation = taught().validation
    assert validation.accuracy is not None
    assert validation.interval is not None
    words = " ".join(Page(report_html(taught())).text)
    low, high = validation.interval
    assert f"It named {100 * validation.accuracy:.1f} % of {validation.photos} photos correctly" in words
    assert f"right for {100 * low:.1f} % to {100 * high:.1f} %" in words


def test_it_says_how_it_was_taught() -> None:
    facts = {row[0]: row[1] for row in Page(report_html(taught())).tables["facts"]}
    assert facts == {
        "Model": f"garden {HOSTILE}",
        "Version": "3",
        "Looks at each photo": "1",
        "Species": "3",
        "Photos taught": "1,234",
        "Method": "a new last layer on frozen layers (head)",
        "Base network": "ResNet-18, trained on ImageNet",
        "Its fingerprint (SHA-256)": "ab" * 32,
        "Device": "cpu (2 threads)",
        "Time taken": "42.3 seconds",
        "Seed": "7",
        "Date": "2026-05-01 10:00 UTC",
        "FlowerSorter": "0.9.1",
    }


def test_what_was_skipped_is_listed_with_its_reason_and_without_the_home_folder() -> None:
    text = report_html(taught())
    _, first, second = Page(text).tables["skipped"]
    assert first == ["tulip/bad.jpg", "The picture is damaged or incomplete."]
    assert second[0] == "garden/ros\ufffd <b>.jpg"
    assert "anna" not in text


def test_hostile_names_are_escaped_and_nothing_comes_from_elsewhere() -> None:
    """Promise 22: no code is run."""
    text = report_html(taught())
    page = Page(text)
    tags = {tag for tag, _ in page.tags}
    assert tags.isdisjoint({"script", "link", "iframe", "img", "object", "a", "base", "form"})
    names = {name for _, attributes in page.tags for name in attributes}
    assert names.isdisjoint({"src", "href", "onload", "onerror", "onclick"})
    assert "url(" not in text
    assert "@import" not in text
    assert "<script" not in text
    assert HOSTILE in "".join(page.text)


def test_both_curves_are_drawn() -> None:
    lines = [attributes for tag, attributes in Page(report_html(taught())).tags if tag == "polyline"]
    assert [line["class"] for line in lines] == ["learnt", "tested"] * 2
    assert all(len((line["points"] or "").split()) == 3 for line in lines)


def test_without_a_test_it_says_that_nobody_knows() -> None:
    nothing = validate((), SPECIES)
    text = report_html(
        taught(validation=nothing, answers=(), epochs=(Epoch(1.0, 0.5, None, None),), skipped=())
    )
    page = Page(text)
    assert "Nobody knows yet how often it is right." in " ".join(page.text)
    assert "skipped" not in page.tables
    assert page.tables["species"][1][1:4] == ["0", "–", "–"]


def test_it_is_light_dark_and_printable() -> None:
    text = report_html(taught())
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_it_can_be_translated() -> None:
    text = report_html(taught(), lambda words: "Art" if words == "Species" else words)
    assert Page(text).tables["species"][0][0] == "Art"


def test_it_is_written_whole_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    file = tmp_path / "reports" / FILE_NAME
    write_report(taught(), file)
    write_report(taught(seed=8), file)
    assert file.read_text("utf-8") == report_html(taught(seed=8))
    assert [path.name for path in file.parent.iterdir()] == [FILE_NAME]
