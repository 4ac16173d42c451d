"""Facts check 11: whatever the events hold, every message of every design keeps Slack's limits and stays text."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from include.firehose.blocks import MAX_BLOCKS, MAX_CHARS, MAX_TEXT_BYTES, size
from include.firehose.compose import replies
from include.firehose.designs import DESIGNS, design_of
from include.firehose.designs.telling import Setting, Telling
from include.firehose.event import Event, Kind
from include.firehose.samples import samples
from tests.messages import elements, strings

SETTING = Setting(airflow_url="http://airflow.test")
SAMPLES = dict(samples())
HOSTILE = (
    *("<!channel>", "<@U123>", "<!subteam^S1|x>", "<http://evil.test|click>", "{{ 7*7 }}", "`*_~", ":tada:", "&amp;"),
    *("\x00\x07\x1b[31m", "\u202egnp.exe", "\ud83d", "مرحبا", "🦄", "password=hunter2hunter2", "a\nb", " ", ""),
)
# What the senders choose, not somebody else; a word outside them is a programming error and may be refused.
CLOSED = frozenset({"state", "stage", "word", "kind", "reason", "action", "verdict", "conclusion", "status"})
LINK = re.compile(r"https?://[!-~]{1,2000}")
FORBIDDEN = frozenset({"mrkdwn", "markdown", "user", "usergroup", "broadcast", "emoji", "channel"})


def hostile(dice: random.Random) -> str:
    return "".join(dice.choice(HOSTILE) * dice.choice([1, 1, 1, 30, 900]) for _ in range(dice.randrange(4)))


def mutated(value: Any, dice: random.Random, share: float, name: str = "") -> Any:
    """The value with a share of its texts replaced, times and closed words aside."""
    if isinstance(value, str):
        closed = name in CLOSED or name.endswith("_at") or name in ("run_after", "since", "date")
        return value if closed or dice.random() > share else hostile(dice)
    if isinstance(value, Mapping):
        return {key: mutated(item, dice, share, key) for key, item in value.items()}
    if isinstance(value, list):
        return [mutated(item, dice, share, name) for item in value] * dice.choice([1, 1, 1, 40])
    if isinstance(value, int) and not isinstance(value, bool) and dice.random() < share:
        return dice.choice([-1, 0, 1, 10**12])
    return value


def mutation(events: list[Event], dice: random.Random) -> list[Event]:
    share = dice.choice([0.1, 0.5, 1.0])
    changed = [replace(event, payload=mutated(dict(event.payload), dice, share)) for event in events]
    dice.shuffle(changed)
    return changed


def bodies(telling: Telling) -> list[dict[str, Any]]:
    return [telling.message.body(), *replies(telling.lines)]


def check(body: Mapping[str, Any]) -> None:
    blocks = [*body["blocks"], *(block for part in body["attachments"] for block in part["blocks"])]
    assert 0 < len(blocks) <= MAX_BLOCKS
    assert size(blocks) <= MAX_CHARS
    assert 0 < len(body["text"].encode()) <= MAX_TEXT_BYTES
    assert not set(body["text"]) & set("<>")
    everything = "\n".join(text for text in strings(body) if not LINK.fullmatch(text))
    assert "hunter2" not in everything
    assert not set(everything) & set("\x00\x07\x1b\u202e\ud83d")
    tables = [block for block in blocks if "table" in block["type"]]
    assert len(tables) <= 1
    for block in blocks:
        assert block["type"] not in ("data_visualization", "actions") or len(blocks) <= 2
    for element in elements(blocks):
        assert element.get("type") not in FORBIDDEN
        if element.get("type") == "plain_text":
            assert element["emoji"] is False
            assert 0 < len(element["text"]) <= 3000
        if element.get("type") == "header":
            assert len(element["text"]["text"]) <= 150
        if "url" in element:
            assert LINK.fullmatch(element["url"])
        if element.get("type") == "text":
            assert element["text"]


def test_every_kind_of_subject_has_a_sample():
    kinds = {event.kind for events in SAMPLES.values() for event in events}
    # Pushes need a payload of GitHub's own length; test_push_design has them.
    assert {DESIGNS[kind] for kind in DESIGNS if kind is not Kind.PUSH} == {DESIGNS[kind] for kind in kinds}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_keeps_the_limits_in_any_order(name: str):
    events = list(SAMPLES[name])
    told = design_of(events)(events, SETTING)
    for body in bodies(told):
        check(body)
    assert design_of(events)(events[::-1], SETTING) == told


@pytest.mark.parametrize("renders", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_payload_breaks_slacks_limits_or_the_rules_for_foreign_text(renders: int):
    dice = random.Random(2017)
    names = list(SAMPLES)
    for number in range(renders):
        events = mutation(list(SAMPLES[names[number % len(names)]]), dice)
        for body in bodies(design_of(events)(events, SETTING)):
            check(body)
