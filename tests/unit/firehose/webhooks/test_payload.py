"""Reading what somebody else wrote: the same time gives the same id, and nothing of another type gets through."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from include.firehose.webhooks import payload
from include.firehose.webhooks.payload import Malformed

TIME = datetime(2026, 11, 23, 6, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-23T06:02:05Z",
        "2026-11-23T06:02:05.874Z",
        "2026-11-23 06:02:05 UTC",
        "2026-11-23T07:02:05+01:00",
        int(TIME.timestamp()),
    ],
)
def test_a_time_is_the_same_however_it_is_written(written: Any):
    assert payload.moment({"at": written}, "at") == TIME
    assert payload.stamp(TIME) == "2026-11-23T06:02:05Z"


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "yesterday",
        "2026-11-23T06:02:05",
        True,
        -1,
        10**18,
        1.5,
        [],
        {},
        "0001-01-01T00:00:00+14:00",
        "9" * 99,
    ],
)
def test_what_is_no_time_is_none(written: Any):
    assert payload.moment({"at": written}, "at") is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  Mend the clock\nIt stood still.", "Mend the clock"),
        ("a\u202eb\x00\x07c", "abc"),
        ("\n\n", ""),
        (None, ""),
        (7, ""),
        ({"a": 1}, ""),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_of_a_text_the_first_line_is_read_cleaned_and_cut(written: Any, read: str):
    assert payload.text({"title": written}, "title") == read


@pytest.mark.parametrize(
    ("written", "read"),
    [(7, 7), ("7", 7), ("false", None), (True, None), (0, None), (-7, None), ("٧", None), (10**20, None), (7.0, None)],
)
def test_a_number_is_a_positive_whole_one(written: Any, read: int | None):
    assert payload.number({"id": written}, "id") == read


@pytest.mark.parametrize(
    "written",
    ["javascript:alert(1)", "http://a.example", "https://a.example/ b", "https://a|b", "https://" + "a" * 2000, 7],
)
def test_what_is_no_https_address_is_not_made_a_link(written: Any):
    assert payload.url({"url": written}, "url") == ""


def test_a_path_through_what_is_no_object_leads_nowhere():
    for found in (None, 7, "text", [1], {"build": None}, {"build": "text"}):
        assert payload.text({"outer": found}, "outer", "build", "id") == ""
        assert payload.part({"outer": found}, "outer", "build") == {}
        assert payload.parts({"outer": found}, "outer") == []


def test_what_is_required_is_named_when_it_is_missing():
    with pytest.raises(Malformed, match=r"no repository\.full_name"):
        payload.required({"repository": {}}, "repository", "full_name")
