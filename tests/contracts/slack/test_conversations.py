"""`conversations.*`: reading a channel in pages, the channels there are, joining one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.contracts.slack.clients import CHANNEL

Post = Callable[..., str]
Refusal = Callable[..., Any]


@pytest.fixture
def sent(post: Post) -> list[str]:
    """Nine messages, oldest first."""
    return [post(str(number)) for number in range(9)]


def stamps(bot: WebClient, **arguments: Any) -> list[str]:
    """The timestamps of one page."""
    return [message["ts"] for message in bot.conversations_history(channel=CHANNEL, **arguments)["messages"]]


def test_history_is_newest_first(bot: WebClient, sent: list[str]) -> None:
    assert stamps(bot) == sent[::-1]


def test_history_in_pages_walks_back_and_misses_nothing(bot: WebClient, sent: list[str]) -> None:
    pages = [page.data for page in bot.conversations_history(channel=CHANNEL, limit=4)]
    assert [message["ts"] for page in pages for message in page["messages"]] == sent[::-1]
    assert [page["has_more"] for page in pages] == [True, True, False]
    assert "response_metadata" not in pages[-1]


def test_a_message_posted_between_two_pages_does_not_shift_them(bot: WebClient, post: Post, sent: list[str]) -> None:
    first = bot.conversations_history(channel=CHANNEL, limit=4)
    post("late")
    second = stamps(bot, limit=4, cursor=first["response_metadata"]["next_cursor"])
    assert second == sent[1:5][::-1]


def test_oldest_alone_walks_forward_in_pages(bot: WebClient, sent: list[str]) -> None:
    pages = [page["messages"] for page in bot.conversations_history(channel=CHANNEL, limit=3, oldest=sent[1])]
    assert [[message["ts"] for message in page] for page in pages] == [sent[2:5][::-1], sent[5:8][::-1], [sent[8]]]


def test_bounds_are_exclusive_unless_inclusive(bot: WebClient, sent: list[str]) -> None:
    bounds = {"oldest": sent[2], "latest": sent[5]}
    assert stamps(bot, **bounds) == sent[3:5][::-1]
    assert stamps(bot, **bounds, inclusive=True) == sent[2:6][::-1]


def test_one_message_is_read_by_its_ts(bot: WebClient, sent: list[str]) -> None:
    assert stamps(bot, latest=sent[4], inclusive=True, limit=1) == [sent[4]]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"latest": "abc", "oldest": "abc"}, "invalid_ts_latest"),
        ({"oldest": "abc"}, "invalid_ts_oldest"),
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"cursor": "Y2hhbm5lbDp4"}, "invalid_cursor"),
        ({"limit": 0}, "invalid_limit"),
        ({"limit": 1000}, "invalid_limit"),
        ({"limit": "many"}, "invalid_limit"),
    ],
)
def test_arguments_history_cannot_read_are_refused(
    bot: WebClient, refusal: Refusal, arguments: dict[str, Any], error: str
) -> None:
    assert refusal(bot.conversations_history, channel=CHANNEL, **arguments)["error"] == error


@pytest.mark.parametrize(("channel", "error"), [("C0NOWHERE", "channel_not_found"), ("C0GENERAL", "not_in_channel")])
def test_a_channel_the_app_is_not_in_cannot_be_read(bot: WebClient, refusal: Refusal, channel: str, error: str) -> None:
    assert refusal(bot.conversations_history, channel=channel)["error"] == error
    assert refusal(bot.conversations_replies, channel=channel, ts="1700000000.000000")["error"] == error


def test_info_describes_the_channel(bot: WebClient, refusal: Refusal) -> None:
    channel = bot.conversations_info(channel=CHANNEL, include_num_members=True)["channel"]
    assert (channel["name"], channel["is_member"], channel["num_members"]) == ("data-firehose", True, 2)
    assert "num_members" not in bot.conversations_info(channel=CHANNEL)["channel"]
    assert refusal(bot.conversations_info, channel="data-firehose")["error"] == "channel_not_found"


def test_list_gives_every_public_channel_in_pages(bot: WebClient) -> None:
    pages = [page.data for page in bot.conversations_list(limit=2)]
    names = [channel["name"] for page in pages for channel in page["channels"]]
    assert names == ["data-firehose", "data-firehose-2025", "general"]
    assert pages[-1]["response_metadata"] == {"next_cursor": ""}


def test_list_leaves_out_archived_channels_and_other_types_on_demand(bot: WebClient, refusal: Refusal) -> None:
    names = [channel["name"] for channel in bot.conversations_list(exclude_archived=True)["channels"]]
    assert "data-firehose-2025" not in names
    assert bot.conversations_list(types="im")["channels"] == []
    assert refusal(bot.conversations_list, types="secret")["error"] == "invalid_types"


def test_joining_lets_the_app_post(bot: WebClient) -> None:
    assert bot.conversations_join(channel="C0GENERAL")["channel"]["is_member"]
    assert bot.chat_postMessage(channel="C0GENERAL", text="hello")["ok"]


def test_joining_twice_is_a_warning_and_joining_an_archive_an_error(bot: WebClient, refusal: Refusal) -> None:
    assert bot.conversations_join(channel=CHANNEL)["warning"] == "already_in_channel"
    assert refusal(bot.conversations_join, channel="C0ARCHIVED")["error"] == "is_archived"
