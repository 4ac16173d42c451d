"""`reactions.*`: leaving one, taking it back, reading them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.contracts.slack.clients import CHANNEL

Post = Callable[..., str]
Refusal = Callable[..., Any]


def test_reactions_are_counted_by_name_in_the_order_they_came(bot: WebClient, person: WebClient, post: Post) -> None:
    ts = post()
    bot.reactions_add(channel=CHANNEL, timestamp=ts, name="eyes")
    person.reactions_add(channel=CHANNEL, timestamp=ts, name="white_check_mark")
    person.reactions_add(channel=CHANNEL, timestamp=ts, name="eyes")
    expected = [
        {"name": "eyes", "users": ["U0BACKBEAT", "U0PERSON"], "count": 2},
        {"name": "white_check_mark", "users": ["U0PERSON"], "count": 1},
    ]
    assert bot.reactions_get(channel=CHANNEL, timestamp=ts)["message"]["reactions"] == expected
    assert bot.conversations_history(channel=CHANNEL)["messages"][0]["reactions"] == expected


def test_a_reaction_can_be_taken_back_once(bot: WebClient, post: Post, refusal: Refusal) -> None:
    ts = post()
    bot.reactions_add(channel=CHANNEL, timestamp=ts, name="eyes")
    bot.reactions_remove(channel=CHANNEL, timestamp=ts, name="eyes")
    assert "reactions" not in bot.reactions_get(channel=CHANNEL, timestamp=ts)["message"]
    assert refusal(bot.reactions_remove, channel=CHANNEL, timestamp=ts, name="eyes")["error"] == "no_reaction"


def test_the_same_reaction_twice_is_refused(bot: WebClient, post: Post, refusal: Refusal) -> None:
    ts = post()
    bot.reactions_add(channel=CHANNEL, timestamp=ts, name="eyes")
    assert refusal(bot.reactions_add, channel=CHANNEL, timestamp=ts, name="eyes")["error"] == "already_reacted"


@pytest.mark.parametrize("name", ["no_such_emoji", ":eyes:", "EYES", " eyes ", ""])
def test_an_emoji_slack_does_not_have_is_refused(bot: WebClient, post: Post, refusal: Refusal, name: str) -> None:
    assert refusal(bot.reactions_add, channel=CHANNEL, timestamp=post(), name=name)["error"] == "invalid_name"


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ({"channel": CHANNEL, "timestamp": "0"}, "bad_timestamp"),
        ({"channel": CHANNEL, "timestamp": "1700000000.000000"}, "message_not_found"),
        ({"channel": "data-firehose", "timestamp": "1700000000.000000"}, "channel_not_found"),
    ],
)
def test_a_reaction_needs_a_message(bot: WebClient, refusal: Refusal, target: dict[str, str], error: str) -> None:
    assert refusal(bot.reactions_add, name="eyes", **target)["error"] == error


def test_reading_reactions_of_nothing_is_refused(bot: WebClient, refusal: Refusal) -> None:
    assert refusal(bot.reactions_get)["error"] == "no_item_specified"
    assert refusal(bot.reactions_get, channel="C0NOWHERE")["error"] == "channel_not_found"


def test_a_deleted_message_takes_its_reactions_along(bot: WebClient, post: Post, refusal: Refusal) -> None:
    ts = post()
    bot.reactions_add(channel=CHANNEL, timestamp=ts, name="eyes")
    bot.chat_delete(channel=CHANNEL, ts=ts)
    assert refusal(bot.reactions_get, channel=CHANNEL, timestamp=ts)["error"] == "message_not_found"
