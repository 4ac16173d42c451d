"""Charts: what is drawn is what the rows say, and no name in it is taken for a tag."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from include.metalayer import charts
from include.metalayer.answer import Row
from include.metalayer.charts import MAX_BARS
from include.metalayer.figures import shown
from include.metalayer.plots import MAX_COLUMNS, MAX_SERIES, OTHERS, Plot, Series, caption, plot
from include.metalayer.query import ChartKind, Query, Unit

DAY = "2026-11-{:02}"


def question(kind: str, x: str, y: list[str], series: str | None = None) -> Query:
    """A question whose chart is this; its columns are all there are."""
    columns = {"day": "date", "hour": "time", "name": "name", "credits": "credits", "idle": "credits", "bytes": "bytes"}
    return Query.model_validate(
        {
            "title": "Spent",
            **dict.fromkeys(("question", "why", "owner"), "x"),
            **{"group": "spend", "views": ["ACCOUNT_USAGE.TABLES"], "database_roles": [], "edition": "standard"},
            **{"latency_minutes": 0, "rhythm": "daily", "key": ["name"]},
            "columns": [{"name": name, "title": name.capitalize(), "unit": unit} for name, unit in columns.items()],
            "headline": {"of": "count", "unit": "count", "words": "x"},
            "chart": {"kind": kind, "x": x, "y": y, "series": series},
            **{"name": "spent", "path": Path("spent.sql"), "sql": "select 1"},
        }
    )


def drawn(query: Query, rows: list[Row]) -> Plot:
    found = plot(query, rows)
    assert found is not None
    return found


def say(value: float) -> str:
    return shown(value, Unit.CREDITS)


def shapes(svg: str, kind: str) -> list[str]:
    return re.findall(rf'<path class="{kind} s\d" d="([^"]*)"', svg)


def test_rows_of_one_place_and_series_are_added_up() -> None:
    rows: list[Row] = [
        {"day": "2026-11-01", "name": "A", "credits": 1.5},
        {"day": "2026-11-01", "name": "A", "credits": 2.0},
        {"day": "2026-11-01", "name": "B", "credits": 4.0},
    ]
    found = drawn(question("stacked", "day", ["credits"], "name"), rows)
    assert found.series == (Series("A", (3.5,)), Series("B", (4.0,)))


def test_several_columns_are_a_series_each_under_their_titles() -> None:
    found = drawn(question("stacked", "day", ["credits", "idle"]), [{"day": "2026-11-01", "credits": 1, "idle": 2}])
    assert found.series == (Series("Credits", (1.0,)), Series("Idle", (2.0,)))


def test_a_day_without_a_row_is_a_gap_and_not_left_out() -> None:
    rows: list[Row] = [{"day": DAY.format(day), "credits": float(day)} for day in (1, 2, 5)]
    found = drawn(question("line", "day", ["credits"]), rows)
    assert found.places == tuple(DAY.format(day) for day in (1, 2, 3, 4, 5))
    assert found.series[0].values == (1.0, 2.0, None, None, 5.0)
    (line,) = shapes(charts.draw(found, say).svg, "line")
    assert line.count("M") == 2


def test_more_hours_than_can_be_seen_become_days_with_the_same_sum() -> None:
    rows: list[Row] = [
        {"hour": f"2026-11-{1 + hour // 24:02}T{hour % 24:02}:00:00+00:00", "credits": 0.5} for hour in range(240)
    ]
    assert len(rows) > MAX_COLUMNS
    found = drawn(question("stacked", "hour", ["credits"]), rows)
    assert found.places == tuple(DAY.format(day) for day in range(1, 11))
    assert found.series[0].values == (12.0,) * 10


def test_what_no_eye_can_tell_apart_is_one_series_with_the_same_sum() -> None:
    rows: list[Row] = [{"day": "2026-11-01", "name": f"WH_{n}", "credits": float(n)} for n in range(1, 10)]
    found = drawn(question("stacked", "day", ["credits"], "name"), rows)
    assert len(found.series) == MAX_SERIES
    assert [one.name for one in found.series[:2]] == ["WH_9", "WH_8"]
    assert found.series[-1] == Series(OTHERS, (15.0,))


@pytest.mark.parametrize("rows", [[], [{"day": None, "credits": 1}], [{"day": "2026-11-01", "credits": None}]])
def test_there_is_no_picture_of_nothing(rows: list[Row]) -> None:
    assert plot(question("line", "day", ["credits"]), rows) is None


def test_stacked_columns_stand_upon_each_other_and_end_at_the_scale() -> None:
    found = Plot(ChartKind.STACKED, ("a", "b"), (Series("x", (4.0, 1.0)), Series("y", (6.0, 2.0))), Unit.CREDITS, True)
    picture = charts.draw(found, say)
    assert picture.ticks == ("10.00 credits", "5.00 credits", "0.00 credits")
    assert shapes(picture.svg, "area") == [
        "M1 60.0h8V100.0h-8zM11 90.0h8V100.0h-8z",
        "M1 0.0h8V60.0h-8zM11 70.0h8V90.0h-8z",
    ]
    assert picture.legend == (("x", "5.00 credits"), ("y", "8.00 credits"))


def test_what_is_given_back_hangs_below_the_line() -> None:
    found = Plot(ChartKind.STACKED, ("a",), (Series("x", (3.0,)), Series("back", (-1.0,))), Unit.CREDITS, True)
    picture = charts.draw(found, say)
    assert picture.ticks == ("4.00 credits", "1.50 credits", "-1.00 credits")
    assert shapes(picture.svg, "area") == ["M1 20.0h8V80.0h-8z", "M1 80.0h8V100.0h-8z"]


@pytest.mark.parametrize("value", [0.0, 1e-9, 0.37, 5.0, 99.0, 1e13])
def test_every_value_is_inside_the_picture(value: float) -> None:
    found = Plot(ChartKind.LINE, ("a", "b"), (Series("x", (value, value / 2)),), Unit.CREDITS, True)
    (line,) = shapes(charts.draw(found, say).svg, "line")
    heights = [float(y) for y in re.findall(r"[ML]\d+ ([\d.-]+)", line)]
    assert all(0 <= height <= 100 for height in heights)
    assert heights[1] >= heights[0]


def test_a_name_in_a_picture_is_text() -> None:
    found = Plot(ChartKind.STACKED, ("a",), (Series("</title><script>", (1.0,)),), Unit.CREDITS, True)
    svg = str(charts.draw(found, say).svg)
    assert "<script>" not in svg
    assert "&lt;script&gt;" in svg


def test_a_ranking_begins_with_the_largest_and_counts_the_rest() -> None:
    rows: list[Row] = [{"name": f"T{n}", "credits": float(n)} for n in range(1, MAX_BARS + 3)]
    found = charts.bars(drawn(question("bar", "name", ["credits"]), rows), say)
    assert (found[0].name, found[0].value) == ("T17", "17.00 credits")
    assert (found[-1].name, found[-1].value) == ("2 more", "3.00 credits")
    assert len(found) == MAX_BARS + 1


def test_before_and_now_have_a_bar_each_and_are_not_added_up() -> None:
    rows: list[Row] = [{"name": "model", "credits": 2.0, "idle": 8.0}]
    found = drawn(question("bar", "name", ["credits", "idle"]), rows)
    (bar,) = charts.bars(found, say)
    assert bar.value == "2.00 credits / 8.00 credits"
    assert shapes(bar.svg, "area") == ["M0 0h250v.8H0z", "M0 1h1000v.8H0z"]
    assert charts.legend(found, say) == (("Credits", ""), ("Idle", ""))


def test_parts_of_a_whole_fill_one_bar() -> None:
    rows: list[Row] = [{"name": "a", "credits": 1.0, "idle": 3.0}, {"name": "b", "credits": 2.0, "idle": 0.0}]
    first, second = charts.bars(drawn(question("stacked", "name", ["credits", "idle"]), rows), say)
    assert shapes(first.svg, "area") == ["M0 0h250v1h-250z", "M250 0h750v1h-750z"]
    assert shapes(second.svg, "area") == ["M0 0h500v1h-500z", "M500 0h0v1h-0z"]


def test_bytes_of_several_days_have_no_sum() -> None:
    found = Plot(ChartKind.STACKED, ("a", "b"), (Series("x", (4.0, 4.0)), Series("y", (1.0, 1.0))), Unit.BYTES, True)
    assert charts.draw(found, str).legend == (("x", ""), ("y", ""))


@pytest.mark.parametrize(
    ("values", "empty"), [([], True), ([1.0], True), ([1.0, 1.0], False), ([1.0, 5.0, 2.0], False)]
)
def test_a_spark_is_drawn_when_there_is_a_course_to_see(values: list[float], empty: bool) -> None:
    assert (charts.spark(values) == "") is empty


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "bar", "x": "name", "y": ["bytes"]}, "Bytes by name"),
        ({"kind": "stacked", "x": "day", "y": ["credits"], "series": "name"}, "Credits by day and name"),
        ({"kind": "stacked", "x": "day", "y": ["credits", "idle"]}, "Spent by day"),
    ],
)
def test_the_caption_says_what_is_drawn(arguments: dict[str, Any], words: str) -> None:
    assert caption(question(**arguments)) == words
