"""Lines over time stay inside their frame, keep their gaps, and come with the same as a table."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from vmware_panel.panels.drawing.lines import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Chart,
    Line,
    Sample,
    chart,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
START = NOON - timedelta(days=1)
TEMPLATE = "vmware_panel/drawing/_lines.html"

values = st.none() | st.floats(0, 1e9)


def samples(*its: float | None, every_s: int = 300) -> tuple[Sample, ...]:
    return tuple((START + timedelta(seconds=every_s * n), value) for n, value in enumerate(its))


def made(*lines: Line, top: float | None = None) -> Chart:
    return chart("cpu", "CPU", lines, START, NOON, lambda value: f"{value:g} MHz", top=top)


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([-\d.]+),([-\d.]+)", path)]


def drawn(picture: Chart) -> ElementTree.Element | None:
    markup = render_to_string(TEMPLATE, {"chart": picture})
    page = ElementTree.fromstring(markup)  # noqa: S314  our own
    return page.find("svg")


@given(st.lists(values, max_size=50))
def test_every_point_is_inside_the_frame_and_stands_for_one_sample(its: list[float | None]):
    (line,) = made(Line("used", samples(*its))).lines
    at = points(line.path)
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in at)
    assert [x for x, _ in at] == sorted(x for x, _ in at)
    lone = len(re.findall(r"M([-\d.,]+) L\1(?= M|$)", line.path))
    assert len(at) - lone == sum(value is not None for value in its)


@given(st.lists(values, max_size=30))
def test_a_line_is_broken_where_a_sample_is_missing_and_nowhere_else(its: list[float | None]):
    (line,) = made(Line("used", samples(*its))).lines
    runs = "".join("x" if value is not None else " " for value in its).split()
    assert line.path.count("M") == len(runs)


def test_greater_values_stand_higher_and_zero_on_the_axis():
    (line,) = made(Line("used", samples(0, 50, 100)), top=100).lines
    heights = [y for _x, y in points(line.path)]
    assert heights == [HEIGHT - BOTTOM, (HEIGHT - BOTTOM + TOP) / 2, TOP]


def test_the_words_and_the_table_say_what_the_line_shows():
    picture = made(Line("used", samples(700, None, 900)), Line("total", samples(2000, 2000, 2000)))
    assert "used: between 700 MHz and 900 MHz, last 900 MHz" in picture.text
    assert "There are gaps." in picture.lines[0].summary
    assert "There are gaps." not in picture.lines[1].summary
    assert picture.columns == ("used", "total")
    assert [row[1] for row in picture.rows] == [
        ("900 MHz", "2000 MHz"),
        ("no sample", "2000 MHz"),
        ("700 MHz", "2000 MHz"),
    ]
    svg = drawn(picture)
    assert svg is not None and len(svg.findall("path")) == 2
    assert svg.findtext("title") == "CPU" and svg.findtext("desc") == picture.text


@pytest.mark.parametrize("its", [(), (None, None)])
def test_without_samples_nothing_is_drawn_and_that_is_said(its: tuple[None, ...]):
    picture = made(Line("used", samples(*its)))
    assert not picture.drawable
    assert drawn(picture) is None
    assert "used: no samples." in render_to_string(TEMPLATE, {"chart": picture})


def test_hours_are_the_readers_and_scales_are_round():
    with timezone.override("Asia/Kolkata"):  # half an hour off the whole ones
        picture = made(Line("used", samples(1234)))
        assert [tick.label for tick in picture.hours] == ["18:00", "00:00", "06:00", "12:00"]
    assert [tick.label for tick in picture.levels] == [
        "0 MHz", "500 MHz", "1000 MHz", "1500 MHz", "2000 MHz",
    ]  # fmt: skip


def test_numbers_in_the_picture_are_not_localized():
    with translation.override("de"):
        svg = drawn(made(Line("used", samples(1, 2, 3)), top=7))
    assert svg is not None
    for line in svg.findall("line"):
        assert all("," not in line.attrib[name] for name in ("x1", "x2", "y1", "y2"))


def test_names_are_escaped():
    hostile = "<script>alert(1)</script>{{ 7*7 }}"
    markup = render_to_string(
        TEMPLATE, {"chart": chart("x", hostile, [Line(hostile, samples(1))], START, NOON, str)}
    )
    assert "<script>" not in markup
