from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from flowersorter.jobs.line_plot import Line, line_plot, nice_steps


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own text


def points(svg: str, style: str) -> list[tuple[float, float]]:
    (line,) = [one for one in parsed(svg).iter("polyline") if one.get("class") == style]
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in (line.get("points") or "").split())]


def test_higher_values_stand_higher_and_later_ones_further_right() -> None:
    drawn = points(line_plot("Right", "Round", [Line("all", "tested", [10.0, 40.0, 30.0])]), "tested")
    assert len(drawn) == 3
    across, down = zip(*drawn, strict=True)
    assert list(across) == sorted(across)
    assert down[1] < down[2] < down[0]
    # the second value is as far above the third as a third of its way above the first
    assert (down[2] - down[1]) / (down[0] - down[1]) == pytest.approx(1 / 3, abs=0.01)


def test_every_value_lies_inside_the_plot() -> None:
    svg = line_plot("Loss", "Round", [Line("a", "learnt", [7.3, 0.02]), Line("b", "tested", [9.1, 4.0, 0.5])])
    for style in ("learnt", "tested"):
        for x, y in points(svg, style):
            assert 0 <= x <= 480
            assert 0 <= y <= 280


def test_long_lines_are_thinned_and_keep_their_ends() -> None:
    values = [float(number) for number in range(5000)]
    drawn = points(line_plot("Loss", "Round", [Line("a", "learnt", values)]), "learnt")
    assert len(drawn) <= 501
    whole = points(line_plot("Loss", "Round", [Line("a", "learnt", [values[0], values[-1]])]), "learnt")
    assert (drawn[0], drawn[-1]) == (whole[0], whole[-1])


@pytest.mark.parametrize("values", [[], [0.5], [1.0, 1.0, 1.0]])
def test_few_or_equal_values_are_drawn_all_the_same(values: list[float]) -> None:
    assert parsed(line_plot("x", "Round", [Line("a", "learnt", values)])).tag == "svg"


def test_names_are_escaped() -> None:
    svg = line_plot('"><script>', "<b>", [Line("a", "learnt", [1.0, 2.0])])
    assert parsed(svg).get("aria-label") == '"><script>'
    assert "<script>" not in svg


@pytest.mark.parametrize(
    ("low", "high", "steps"),
    [(0, 100, [0, 20, 40, 60, 80, 100]), (0.31, 0.52, [0.3, 0.35, 0.4, 0.45, 0.5, 0.55]), (5, 5, None)],
)
def test_the_steps_are_round_numbers_that_hold_the_values(
    low: float, high: float, steps: list[float] | None
) -> None:
    made = nice_steps(low, high)
    assert made[0] <= low <= high <= made[-1]
    assert steps is None or made == steps
