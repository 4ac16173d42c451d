"""The digest of meta queries: one row a question, always in the same place, and no silence without its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from include.firehose.designs.answer import tell
from include.firehose.designs.telling import Setting, Telling
from include.firehose.event import Event
from include.firehose.samples import samples

SETTING = Setting(airflow_url="http://airflow.test")
EVENTS = dict(samples())["the digest of the meta queries"]


def elements(telling: Telling, kind: str) -> list[list[dict[str, Any]]]:
    """What stands in each part of this kind of the rich-text blocks."""
    parts = [part for block in telling.message.blocks if block["type"] == "rich_text" for part in block["elements"]]
    return [part["elements"] for part in parts if part["type"] == kind]


def rows(telling: Telling) -> list[str]:
    ((table,),) = elements(telling, "rich_text_preformatted")
    return table["text"].split("\n")


def sentences(telling: Telling) -> list[str]:
    return ["".join(part["text"] for part in line) for line in elements(telling, "rich_text_section")]


def notes(telling: Telling) -> list[str]:
    return [block["elements"][0]["text"] for block in telling.message.blocks if block["type"] == "context"]


def changed(event: Event, **payload: Any) -> Event:
    return replace(event, payload={**event.payload, **payload})


def test_each_question_is_one_row_in_a_fixed_order():
    told = tell(EVENTS, SETTING)
    assert [row[0] + row[22:31] for row in rows(told)] == [
        "● Credits,",
        "● Failing ",
        "▲ Tables n",
        "● Slowest ",
        "○ Sign-ins",
    ]
    assert tell(EVENTS[::-1], SETTING) == told
    assert told.over


def test_a_row_has_its_value_its_change_and_its_shape():
    assert rows(tell(EVENTS, SETTING))[0].split() == ["●", "4.21", "Credits,", "last", "day", "+3", "%", "▅▅▇▇▅▇█▇"]


def test_a_value_and_its_words_read_as_one_sentence():
    (event, *rest) = EVENTS
    told = tell([changed(event, value="4.21 credits", words="for the last whole day"), *rest], SETTING)
    assert "4.21 credits  for the last whole day  " in rows(told)[0]


def test_the_columns_stand_below_each_other():
    ends = {
        row.index(change) + len(change)
        for row, change in zip(rows(tell(EVENTS, SETTING)), ("+3 %", "±0", "+1"), strict=False)
    }
    assert len(ends) == 1


def test_what_wants_attention_comes_before_the_table_and_what_has_no_answer_after_it():
    told = tell(EVENTS, SETTING)
    assert told.message.text == "▲ Meta layer, 2026-11-23 · 5 questions · attention: 1 · no answer: 1"
    assert sentences(told)[1:] == [
        "▲ Tables nobody read in 90 days  raw.storefront.legacy_carts has not been read since July"
    ]
    assert notes(told)[1:] == ["○ Sign-ins that failed: ACCOUNT_USAGE.LOGIN_HISTORY is not granted to META_READER"]


def test_the_head_leads_to_all_answers_and_a_sentence_to_its_own():
    address = "http://airflow.test/meta-layer/"
    events = [changed(event, page=address, url=f"{address}questions/{number}") for number, event in enumerate(EVENTS)]
    links = [
        part["url"] for line in elements(tell(events, SETTING), "rich_text_section") for part in line if "url" in part
    ]
    assert links == [address, f"{address}questions/2"]


def test_a_question_that_failed_makes_the_whole_digest_one_to_look_at():
    events = [changed(EVENTS[0], failed="Snowflake cannot be reached: look at the network."), *EVENTS[1:]]
    told = tell(events, SETTING)
    assert told.message.text.startswith("✕ Meta layer, 2026-11-23 · 5 questions · failed: 1 · attention: 1")
    assert sentences(told)[1] == "✕ Credits, last day  Snowflake cannot be reached: look at the network."
    assert rows(told)[0].startswith("✕ ")


def test_a_run_that_was_cleared_shows_each_question_as_it_was_told_last():
    mended = [
        replace(event, event_id=f"{event.event_id}:r1", occurred_at=event.occurred_at + timedelta(hours=1))
        for event in EVENTS
    ]
    mended[4] = replace(mended[4], payload={**mended[3].payload, "position": 4, "title": "Sign-ins that failed"})
    told = tell([*mended, *EVENTS], SETTING)
    assert told.message.text == "▲ Meta layer, 2026-11-23 · 5 questions · attention: 1"
    assert len(rows(told)) == 5


def test_what_is_new_and_what_is_no_longer_there_is_a_line_of_the_thread():
    (line,) = tell(EVENTS, SETTING).lines
    assert line.text == "✦ Tables nobody read in 90 days: raw.storefront.legacy_carts"
    (line,) = tell([*EVENTS[:2], changed(EVENTS[2], gone=["raw.a", "raw.b"]), *EVENTS[3:]], SETTING).lines
    assert line.text.endswith("raw.storefront.legacy_carts · no longer: raw.a, raw.b")


def test_an_entry_of_the_keep_list_that_has_run_out_is_named():
    told = tell([*EVENTS[:4], changed(EVENTS[4], expired=["RAW.* (ada, until 2026-11-20)"])], SETTING)
    assert notes(told)[-1] == ("▲ Run out in keep.yml, remove it or give it a new date: RAW.* (ada, until 2026-11-20)")


@pytest.mark.parametrize("count", [1, 4])
def test_a_digest_that_is_not_complete_waits(count: int):
    told = tell(EVENTS[:count], SETTING)
    assert told.message.text.startswith("◌ Meta layer")
    assert f"{5 - count} to come" in told.message.text
    assert not told.over
