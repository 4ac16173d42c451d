"""The digest of meta queries: one row a question, always in the same place, and no silence without its reason."""

from __future__ import annotations

import pytest

from include.firehose.designs.answer import tell
from include.firehose.designs.telling import Setting, Telling
from include.firehose.samples import samples

SETTING = Setting(airflow_url="http://airflow.test")
EVENTS = dict(samples())["the digest of the meta queries"]


def rows(telling: Telling) -> list[str]:
    return telling.message.blocks[2]["elements"][0]["elements"][0]["text"].split("\n")


def notes(telling: Telling) -> list[str]:
    return [block["elements"][0]["text"] for block in telling.message.blocks if block["type"] == "context"]


def test_each_question_is_one_row_in_a_fixed_order():
    told = tell(EVENTS, SETTING)
    assert [row[:10] for row in rows(told)] == ["● Credits,", "● Failing ", "▲ Tables n", "● Slowest ", "○ Sign-ins"]
    assert tell(EVENTS[::-1], SETTING) == told
    assert told.over


def test_a_row_has_its_value_its_change_and_its_shape():
    assert rows(tell(EVENTS, SETTING))[0].split() == ["●", "Credits,", "last", "day", "4.21", "+3", "%", "▅▅▇▇▅▇█▇"]


def test_what_wants_attention_and_what_has_no_answer_say_why():
    told = tell(EVENTS, SETTING)
    assert told.message.text == "▲ Meta layer, 2026-11-23 · 5 questions · attention: 1 · no answer: 1"
    assert notes(told)[1:] == [
        "▲ Tables nobody read in 90 days: raw.storefront.legacy_carts has not been read since July",
        "○ Sign-ins that failed: ACCOUNT_USAGE.LOGIN_HISTORY is not granted to META_READER",
    ]


def test_what_is_new_is_a_line_of_the_thread():
    (line,) = tell(EVENTS, SETTING).lines
    assert line.text == "✦ Tables nobody read in 90 days: raw.storefront.legacy_carts"


@pytest.mark.parametrize("count", [1, 4])
def test_a_digest_that_is_not_complete_waits(count: int):
    told = tell(EVENTS[:count], SETTING)
    assert told.message.text.startswith("◌ Meta layer")
    assert f"{5 - count} to come" in told.message.text
    assert not told.over
