"""Block Kit: what is accepted, what is refused, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.contracts.slack.clients import CHANNEL

Refusal = Callable[..., Any]


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def words(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements or ({"type": "text", "text": "x"},))}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Go"), **more}


def table(rows: int = 2, columns: int = 2, text: str = "x") -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns for _ in range(rows)]}


def plot(**more: Any) -> dict[str, Any]:
    chart = {
        "type": "line",
        "series": [{"name": "orders", "data": [{"label": "Mon", "value": 3}, {"label": "Tue", "value": 4}]}],
        "axis_config": {"categories": ["Mon", "Tue"]},
    }
    return {"type": "data_visualization", "title": "Orders", "chart": {**chart, **more}}


TASK = {"task_id": "t1", "title": "Sync", "status": "complete"}
STYLED = {"type": "text", "text": "x", "style": {"bold": True, "code": True}}
ACCEPTED = {
    "header": {"type": "header", "text": plain("x" * 150)},
    "section": section("x" * 3000),
    "section with fields": {"type": "section", "fields": [mrkdwn("x" * 2000)] * 2},
    "section with accessory": section(accessory=button(url="https://example.com", action_id="a")),
    "context": {
        "type": "context",
        "elements": [mrkdwn("x"), {"type": "image", "image_url": "https://e.co/a.png", "alt_text": "a"}],
    },
    "divider": {"type": "divider"},
    "actions": {
        "type": "actions",
        "elements": [
            button(style="primary", value="v"),
            {"type": "overflow", "options": [{"text": plain("a"), "value": "a"}]},
        ],
    },
    "image": {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a", "title": plain("t")},
    "markdown": {"type": "markdown", "text": "# hi"},
    "table": {**table(100, 20), "column_settings": [{"align": "right"}, None]},
    "table of numbers and rich text": {"type": "table", "rows": [[{"type": "raw_number", "value": 3}, rich(words())]]},
    "data_table": {"type": "data_table", "caption": "Rows", "rows": table()["rows"]},
    "line chart": plot(),
    "bar chart": plot(type="bar"),
    "area chart": plot(type="area"),
    "pie chart": {
        "type": "data_visualization",
        "title": "t",
        "chart": {"type": "pie", "segments": [{"label": "a", "value": 1}]},
    },
    "task_card": {
        "type": "task_card",
        **TASK,
        "output": rich(words()),
        "sources": [{"type": "url", "url": "https://e.co"}],
    },
    "plan": {"type": "plan", "title": "Plan", "tasks": [TASK]},
    "container": {
        "type": "container",
        "title": plain("t"),
        "child_blocks": [section()],
        "is_collapsible": True,
        "new_field": 1,
    },
    "rich text lists": rich(
        {
            "type": "rich_text_list",
            "style": "ordered",
            "indent": 1,
            "offset": 2,
            "border": 1,
            "elements": [words(STYLED)],
        }
    ),
    "rich text preformatted": rich(
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x"}], "language": "sql"}
    ),
    "rich text quote": rich({"type": "rich_text_quote", "elements": [STYLED]}),
    "rich text inline elements": rich(
        words(
            {"type": "link", "url": "https://example.com", "text": "t"},
            {"type": "emoji", "name": "rocket"},
            {"type": "user", "user_id": "U0PERSON"},
            {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "channel", "channel_id": CHANNEL},
            {"type": "broadcast", "range": "here"},
            {"type": "color", "value": "#ff0000"},
            {"type": "date", "timestamp": 1700000000, "format": "{date_num}", "fallback": "then"},
        )
    ),
}
TOO_LONG_FOR_SECTION = [
    "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
    "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
]
REFUSED = {
    "no type": ({}, ["missing required field: type [json-pointer:/blocks/0]"]),
    "unknown type": ({"type": "alert"}, ["unsupported type: alert [json-pointer:/blocks/0/type]"]),
    "no object": ("x", ["must provide an object [json-pointer:/blocks/0]"]),
    "header too long": (
        {"type": "header", "text": plain("x" * 151)},
        ["must be less than 151 characters [json-pointer:/blocks/0/text/text]"],
    ),
    "header in mrkdwn": (
        {"type": "header", "text": mrkdwn("x")},
        ["unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"],
    ),
    "section too long": (section("x" * 3001), TOO_LONG_FOR_SECTION),
    "section empty": (
        section(""),
        [TOO_LONG_FOR_SECTION[0], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"],
    ),
    "section without text or fields": ({"type": "section"}, ["missing required field: text [json-pointer:/blocks/0]"]),
    "emoji on mrkdwn": (
        {"type": "section", "text": {**mrkdwn("x"), "emoji": True}},
        [TOO_LONG_FOR_SECTION[0], "invalid additional property: emoji [json-pointer:/blocks/0/text]"],
    ),
    "11 fields": (
        {"type": "section", "fields": [mrkdwn("x")] * 11},
        ["no more than 10 items allowed [json-pointer:/blocks/0/fields]"],
    ),
    "11 context elements": (
        {"type": "context", "elements": [mrkdwn("x")] * 11},
        ["no more than 10 items allowed [json-pointer:/blocks/0/elements]"],
    ),
    "26 buttons": (
        {"type": "actions", "elements": [button()] * 26},
        ["no more than 25 items allowed [json-pointer:/blocks/0/elements]"],
    ),
    "one action_id twice": (
        {"type": "actions", "elements": [button(action_id="a"), button(action_id="a")]},
        ['`action_id` "a" already exists [json-pointer:/blocks/0/elements/1/action_id]'],
    ),
    "button to a script": (
        section(accessory=button(url="javascript:alert(1)")),
        ["must be a valid url [json-pointer:/blocks/0/accessory/url]"],
    ),
    "button of an unknown style": (
        section(accessory=button(style="loud")),
        ["must be a valid enum value [json-pointer:/blocks/0/accessory/style]"],
    ),
    "block_id too long": (
        {"type": "divider", "block_id": "x" * 256},
        ["must be less than 256 characters [json-pointer:/blocks/0/block_id]"],
    ),
    "unknown field": (
        {"type": "divider", "page_size": 1},
        ["invalid additional property: page_size [json-pointer:/blocks/0]"],
    ),
    "empty cell": (
        table(1, 1, ""),
        ["must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/text]"],
    ),
    "empty rich text cell": (
        {"type": "table", "rows": [[rich(words({"type": "text", "text": ""}))]]},
        ["must be more than 0 characters [json-pointer:/blocks/0/rows/0/0/elements/0/elements/0/text]"],
    ),
    "number cell without a value": (
        {"type": "table", "rows": [[{"type": "raw_number"}]]},
        ["missing required field: value [json-pointer:/blocks/0/rows/0/0]"],
    ),
    "101 rows": (table(101, 1), ["no more than 100 items allowed [json-pointer:/blocks/0/rows]"]),
    "21 columns": (table(1, 21), ["no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"]),
    "image without alt_text": (
        {"type": "image", "image_url": "https://e.co/a.png"},
        ["missing required field: alt_text [json-pointer:/blocks/0]"],
    ),
    "chart title too long": (
        {**plot(), "title": "x" * 51},
        ["must be less than 51 characters [json-pointer:/blocks/0/title]"],
    ),
    "points that miss a category": (
        plot(axis_config={"categories": ["Mon", "Wed"]}),
        ["labels must match the categories of the axis [json-pointer:/blocks/0/chart/series/0/data]"],
    ),
    "task card with a wrong status": (
        {"type": "task_card", **TASK, "status": "completed"},
        ["must be a valid enum value [json-pointer:/blocks/0/status]"],
    ),
    "task card with a text object as its title": (
        {"type": "task_card", **TASK, "title": plain("x")},
        ["must provide a string [json-pointer:/blocks/0/title]"],
    ),
    "container of 11": (
        {"type": "container", "title": plain("t"), "child_blocks": [section()] * 11},
        ["no more than 10 items allowed [json-pointer:/blocks/0/child_blocks]"],
    ),
    "rich text of an unknown part": (
        rich({"type": "rich_text_table"}),
        ["unsupported type: rich_text_table [json-pointer:/blocks/0/elements/0/type]"],
    ),
    "rich text with an empty text": (
        rich(words({"type": "text", "text": ""})),
        ["must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]"],
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_valid_block_is_accepted_and_reads_back(bot: WebClient, name: str) -> None:
    sent = ACCEPTED[name]
    bot.chat_postMessage(channel=CHANNEL, text="x", blocks=[sent])
    (block,) = bot.conversations_history(channel=CHANNEL)["messages"][0]["blocks"]
    assert block["type"] == sent["type"]
    assert set(sent) <= set(block)


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_page_shows_each_kind_of_block(bot: WebClient, local: Any, name: str) -> None:
    bot.chat_postMessage(channel=CHANNEL, text="x", blocks=[ACCEPTED[name]])
    page = local.get("/")
    assert page.status_code == 200
    assert f'class="block {ACCEPTED[name]["type"].replace("_", "-")}-block"' in page.text


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_block_is_refused_with_a_pointer(bot: WebClient, refusal: Refusal, name: str) -> None:
    block, sentences = REFUSED[name]
    answer = refusal(bot.chat_postMessage, channel=CHANNEL, text="x", blocks=[block])
    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == sentences
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {sentence}" for sentence in sentences]


@pytest.mark.parametrize("blocks", ["abc", {}, '{"type": "divider"}', ""])
def test_blocks_that_are_no_list_have_an_error_of_their_own(bot: WebClient, refusal: Refusal, blocks: Any) -> None:
    answer = refusal(bot.chat_postMessage, channel=CHANNEL, text="x", blocks=blocks)
    assert answer["error"] == "invalid_blocks_format"


def test_a_message_has_at_most_50_blocks(bot: WebClient, refusal: Refusal) -> None:
    assert bot.chat_postMessage(channel=CHANNEL, text="x", blocks=[{"type": "divider"}] * 50)["ok"]
    answer = refusal(bot.chat_postMessage, channel=CHANNEL, text="x", blocks=[{"type": "divider"}] * 51)
    assert answer["errors"] == ["no more than 50 items allowed [json-pointer:/blocks]"]


def test_a_message_has_at_most_one_table(bot: WebClient, refusal: Refusal) -> None:
    inside = {"type": "container", "title": plain("t"), "child_blocks": [table()]}
    for second in (table(), ACCEPTED["data_table"], inside):
        answer = refusal(bot.chat_postMessage, channel=CHANNEL, text="x", blocks=[table(), second])
        assert answer["error"] == "invalid_attachments"
        assert answer["response_metadata"]["messages"] == ["[ERROR] only_one_table_allowed"]


def test_a_message_has_at_most_two_charts(bot: WebClient, refusal: Refusal) -> None:
    assert bot.chat_postMessage(channel=CHANNEL, text="x", blocks=[plot(), plot()])["ok"]
    answer = refusal(bot.chat_postMessage, channel=CHANNEL, text="x", blocks=[plot(), plot(), plot()])
    assert answer["errors"] == ["too many data_visualization blocks"]


def test_plans_and_task_cards_exclude_each_other(bot: WebClient, refusal: Refusal) -> None:
    blocks = [ACCEPTED["plan"], ACCEPTED["task_card"]]
    assert refusal(bot.chat_postMessage, channel=CHANNEL, text="x", blocks=blocks)["error"] == "invalid_blocks"


def test_the_text_of_all_blocks_has_a_limit(bot: WebClient, refusal: Refusal) -> None:
    fits = [section("x" * 3000)] * 4 + [section("x" * 1200)]
    assert bot.chat_postMessage(channel=CHANNEL, text="x", blocks=fits)["ok"]
    over = [*fits, section("x")]
    assert refusal(bot.chat_postMessage, channel=CHANNEL, text="x", blocks=over)["error"] == "msg_blocks_too_long"


def test_one_block_id_may_not_stand_twice(bot: WebClient, refusal: Refusal) -> None:
    twice = [{"type": "divider", "block_id": "a"}] * 2
    answer = refusal(bot.chat_postMessage, channel=CHANNEL, text="x", blocks=twice)
    assert answer["errors"] == ['`block_id` "a" already exists [json-pointer:/blocks/1/block_id]']


def test_an_edit_is_held_to_the_same_rules(bot: WebClient, refusal: Refusal, post: Callable[..., str]) -> None:
    answer = refusal(bot.chat_update, channel=CHANNEL, ts=post(), text="x", blocks=[section("")])
    assert answer["error"] == "invalid_blocks"
    assert bot.conversations_history(channel=CHANNEL)["messages"][0]["text"] == "hello"


def test_control_sequences_in_mrkdwn_blocks_stay_and_the_rest_is_escaped(bot: WebClient) -> None:
    bot.chat_postMessage(channel=CHANNEL, text="x", blocks=[section("<!here> <b> & https://example.com")])
    block = bot.conversations_history(channel=CHANNEL)["messages"][0]["blocks"][0]
    assert block["text"]["text"] == "<!here> &lt;b&gt; &amp; https://example.com"
