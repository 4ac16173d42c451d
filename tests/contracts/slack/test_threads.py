"""Threads: where a reply lands, what the root says, what stays of a deleted one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.contracts.slack.clients import CHANNEL

Post = Callable[..., str]


def replies(bot: WebClient, ts: str, **arguments: Any) -> list[dict[str, Any]]:
    """The thread a message is in."""
    messages: list[dict[str, Any]] = bot.conversations_replies(channel=CHANNEL, ts=ts, **arguments)["messages"]
    return messages


def top_level(bot: WebClient) -> list[dict[str, Any]]:
    """What the channel shows."""
    messages: list[dict[str, Any]] = bot.conversations_history(channel=CHANNEL)["messages"]
    return messages


def test_a_reply_is_in_the_thread_and_not_in_the_channel(bot: WebClient, person: WebClient, post: Post) -> None:
    root = post("root")
    first = post("one", thread_ts=root)
    second = person.chat_postMessage(channel=CHANNEL, text="two", thread_ts=root)["ts"]
    assert [message["ts"] for message in replies(bot, root)] == [root, first, second]
    (shown,) = top_level(bot)
    assert shown["thread_ts"] == root
    assert shown["reply_count"] == 2
    assert shown["reply_users"] == ["U0BACKBEAT", "U0PERSON"]
    assert shown["latest_reply"] == second


def test_a_reply_names_its_root(bot: WebClient, post: Post) -> None:
    root = post()
    answer = bot.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=root)
    assert answer["message"]["thread_ts"] == root
    assert answer["message"]["parent_user_id"] == "U0BACKBEAT"


def test_a_reply_to_a_reply_lands_in_the_roots_thread(bot: WebClient, post: Post) -> None:
    root = post()
    reply = post(thread_ts=root)
    answer = bot.chat_postMessage(channel=CHANNEL, text="deep", thread_ts=reply)
    assert answer["message"]["thread_ts"] == root


def test_the_ts_of_a_reply_names_the_whole_thread(bot: WebClient, post: Post) -> None:
    root = post()
    reply = post(thread_ts=root)
    assert [message["ts"] for message in replies(bot, reply)] == [root, reply]


def test_a_thread_that_does_not_exist_posts_top_level_without_a_word(bot: WebClient, post: Post) -> None:
    gone = post("soon gone")
    bot.chat_delete(channel=CHANNEL, ts=gone)
    answer = bot.chat_postMessage(channel=CHANNEL, text="lost", thread_ts=gone)
    assert "thread_ts" not in answer["message"]
    assert [message["text"] for message in top_level(bot)] == ["lost"]


@pytest.mark.parametrize("thread_ts", ["abc", "12345.000000", "in a day"])
def test_a_thread_outside_the_readable_window_is_refused(
    bot: WebClient, refusal: Callable[..., Any], thread_ts: str
) -> None:
    wanted = f"{int(time.time()) + 86_400}.000000" if thread_ts == "in a day" else thread_ts
    answer = refusal(bot.chat_postMessage, channel=CHANNEL, text="x", thread_ts=wanted)
    assert answer["error"] == "invalid_thread_ts"
    assert answer["response_metadata"]["messages"][0].endswith("is not a valid thread_ts")


def test_a_broadcast_reply_is_shown_in_both_places(bot: WebClient, post: Post) -> None:
    root = post()
    reply = post("for all", thread_ts=root, reply_broadcast=True)
    assert [message["ts"] for message in top_level(bot)] == [reply, root]
    assert replies(bot, root)[1]["subtype"] == "thread_broadcast"


def test_a_deleted_root_stays_as_a_tombstone_while_it_has_replies(
    bot: WebClient, post: Post, refusal: Callable[..., Any]
) -> None:
    root = post("secret")
    reply = post("stays", thread_ts=root)
    bot.chat_delete(channel=CHANNEL, ts=root)
    (shown,) = top_level(bot)
    assert shown["subtype"] == "tombstone"
    assert shown["text"] == "This message was deleted."
    assert shown["user"] == "USLACKBOT"
    assert shown["reply_count"] == 1
    assert [message["ts"] for message in replies(bot, root)] == [root, reply]
    assert refusal(bot.chat_update, channel=CHANNEL, ts=root, text="x")["error"] == "message_not_found"
    assert refusal(bot.chat_delete, channel=CHANNEL, ts=root)["error"] == "message_not_found"


def test_the_last_reply_takes_the_tombstone_with_it(bot: WebClient, post: Post) -> None:
    root = post()
    reply = post(thread_ts=root)
    bot.chat_delete(channel=CHANNEL, ts=root)
    bot.chat_delete(channel=CHANNEL, ts=reply)
    assert top_level(bot) == []


def test_a_root_whose_replies_are_gone_is_a_plain_message_again(bot: WebClient, post: Post) -> None:
    root = post()
    bot.chat_delete(channel=CHANNEL, ts=post(thread_ts=root))
    (shown,) = top_level(bot)
    assert "thread_ts" not in shown
    assert "reply_count" not in shown


def test_a_message_without_replies_is_a_thread_of_one(bot: WebClient, post: Post) -> None:
    ts = post()
    assert [message["ts"] for message in replies(bot, ts)] == [ts]


def test_a_thread_needs_a_message(bot: WebClient, refusal: Callable[..., Any]) -> None:
    answer = refusal(bot.conversations_replies, channel=CHANNEL, ts="1700000000.000000")
    assert answer["error"] == "thread_not_found"


def test_editing_a_reply_leaves_it_in_its_thread(bot: WebClient, post: Post) -> None:
    root = post()
    reply = post(thread_ts=root)
    bot.chat_update(channel=CHANNEL, ts=reply, text="edited")
    assert replies(bot, root)[1]["text"] == "edited"


def test_threads_are_read_in_pages_each_led_by_the_root(bot: WebClient, post: Post) -> None:
    root = post()
    sent = [post(str(number), thread_ts=root) for number in range(7)]
    seen: list[str] = []
    for page in bot.conversations_replies(channel=CHANNEL, ts=root, limit=3):
        messages = page["messages"]
        assert messages[0]["ts"] == root
        seen += [message["ts"] for message in messages[1:]]
    assert seen == sent


def test_thread_metadata_is_found_when_asked_for(bot: WebClient, post: Post) -> None:
    root = post()
    metadata = {"event_type": "delivery", "event_payload": {"delivery_id": "d7"}}
    post("reply", thread_ts=root, metadata=metadata)
    assert replies(bot, root, include_all_metadata=True)[1]["metadata"] == metadata
