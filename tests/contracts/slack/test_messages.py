"""`chat.*`: posting, editing, deleting, linking, and what each refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from tests.contracts.slack.clients import CHANNEL, client
from tests.standins import start

Post = Callable[..., str]
Refusal = Callable[..., Any]
# slack_sdk advises a text, attachments a fallback; these tests leave them out on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:The top-level:UserWarning", "ignore:Additionally:UserWarning")
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "a *block*"}}


def newest(bot: WebClient, **arguments: Any) -> dict[str, Any]:
    """The newest top-level message of the channel."""
    return bot.conversations_history(channel=CHANNEL, limit=1, **arguments)["messages"][0]


def test_a_post_answers_with_the_message_as_it_reads_back(bot: WebClient) -> None:
    answer = bot.chat_postMessage(channel=CHANNEL, text="hello")
    assert answer["channel"] == CHANNEL
    assert answer["message"] == newest(bot)
    assert answer["message"]["bot_profile"]["name"] == "Backbeat"
    assert "subtype" not in answer["message"]


@pytest.mark.parametrize("channel", [CHANNEL, "data-firehose", "#data-firehose"])
def test_posting_takes_the_id_the_name_and_the_name_with_its_mark(bot: WebClient, channel: str) -> None:
    assert bot.chat_postMessage(channel=channel, text="hello")["channel"] == CHANNEL


@pytest.mark.parametrize("method", ["chat_update", "chat_delete"])
def test_editing_and_deleting_take_the_id_alone(bot: WebClient, post: Post, refusal: Refusal, method: str) -> None:
    arguments = {"channel": "#data-firehose", "ts": post(), "text": "x"}
    assert refusal(getattr(bot, method), **arguments)["error"] == "channel_not_found"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("", "channel_not_found"),
        ("C0GENERAL", "not_in_channel"),
        ("C0ARCHIVED", "is_archived"),
    ],
)
def test_channels_the_app_cannot_post_to_are_refused(
    bot: WebClient, refusal: Refusal, channel: str, error: str
) -> None:
    assert refusal(bot.chat_postMessage, channel=channel, text="hello")["error"] == error


@pytest.mark.parametrize(
    "content", [{}, {"text": ""}, {"blocks": []}, {"attachments": [{"color": "good"}]}, {"attachments": "abc"}]
)
def test_a_message_that_says_nothing_is_no_text(bot: WebClient, refusal: Refusal, content: dict[str, Any]) -> None:
    assert refusal(bot.chat_postMessage, channel=CHANNEL, **content)["error"] == "no_text"


def test_a_text_of_spaces_is_a_message(bot: WebClient) -> None:
    assert bot.chat_postMessage(channel=CHANNEL, text="  ")["ok"]


def test_timestamps_are_unique_and_increase(post: Post) -> None:
    stamps = [post(str(number)) for number in range(30)]
    assert len(set(stamps)) == 30
    assert stamps == sorted(stamps)


def test_a_clock_set_back_does_not_make_timestamps_go_back(local: httpx.Client, post: Post) -> None:
    before = post()
    local.post("/_local/faults", json={"kind": "clock_skew", "delay_s": -3600})
    assert post() > before


def test_a_text_longer_than_40000_characters_is_cut(bot: WebClient, post: Post) -> None:
    post("x" * 41_000)
    assert len(newest(bot)["text"]) == 40_000


def test_special_characters_are_stored_escaped_once(bot: WebClient, post: Post) -> None:
    post("a & b < c > d &amp; e")
    assert newest(bot)["text"] == "a &amp; b &lt; c &gt; d &amp; e"


def test_control_sequences_stay_and_other_angle_brackets_do_not(bot: WebClient, post: Post) -> None:
    post("<!channel> <@U0PERSON> <https://example.com|x> <b>")
    assert newest(bot)["text"] == "<!channel> <@U0PERSON> <https://example.com|x> &lt;b&gt;"


def test_bare_addresses_in_a_text_become_links(bot: WebClient, post: Post) -> None:
    post("see https://example.com/a_b.")
    assert newest(bot)["text"] == "see <https://example.com/a_b>."


def test_a_plain_text_reads_back_with_the_rich_text_it_stands_for(bot: WebClient, post: Post) -> None:
    post("*bold* `code` :rocket: <@U0PERSON> not_italic_here")
    section = newest(bot)["blocks"][0]["elements"][0]
    assert section["type"] == "rich_text_section"
    assert section["elements"] == [
        {"type": "text", "text": "bold", "style": {"bold": True}},
        {"type": "text", "text": " "},
        {"type": "text", "text": "code", "style": {"code": True}},
        {"type": "text", "text": " "},
        {"type": "emoji", "name": "rocket"},
        {"type": "text", "text": " "},
        {"type": "user", "user_id": "U0PERSON"},
        {"type": "text", "text": " not_italic_here"},
    ]


def test_blocks_read_back_with_ids_and_defaults(bot: WebClient, post: Post) -> None:
    post(blocks=[SECTION, {"type": "header", "block_id": "mine", "text": {"type": "plain_text", "text": "t"}}])
    section, header = newest(bot)["blocks"]
    assert section["block_id"]
    assert section["text"] == {"type": "mrkdwn", "text": "a *block*", "verbatim": False}
    assert header["block_id"] == "mine"
    assert header["text"]["emoji"] is True


def test_metadata_is_complete_only_when_asked_for(bot: WebClient, post: Post) -> None:
    metadata = {"event_type": "delivery", "event_payload": {"delivery_id": "d1"}}
    post(metadata=metadata)
    assert newest(bot)["metadata"] == {"event_type": "delivery"}
    assert newest(bot, include_all_metadata=True)["metadata"] == metadata


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("{", "invalid_metadata_format"),
        ("[]", "invalid_metadata_format"),
        ({"event_type": "x"}, "invalid_metadata_schema"),
    ],
)
def test_metadata_of_the_wrong_form_is_refused(bot: WebClient, refusal: Refusal, metadata: Any, error: str) -> None:
    assert refusal(bot.chat_postMessage, channel=CHANNEL, text="x", metadata=metadata)["error"] == error


def test_an_edit_changes_the_text_and_says_so(bot: WebClient, post: Post) -> None:
    ts = post("before")
    answer = bot.chat_update(channel=CHANNEL, ts=ts, text="after")
    assert (answer["ts"], answer["text"]) == (ts, "after")
    message = newest(bot)
    assert message["text"] == "after"
    assert message["edited"]["user"] == "U0BACKBEAT"


def test_an_edit_keeps_blocks_and_metadata_that_it_does_not_send(bot: WebClient, post: Post) -> None:
    metadata = {"event_type": "delivery", "event_payload": {"delivery_id": "d1"}}
    ts = post(blocks=[SECTION], metadata=metadata)
    bot.chat_update(channel=CHANNEL, ts=ts, text="after")
    message = newest(bot, include_all_metadata=True)
    assert message["blocks"][0]["type"] == "section"
    assert message["metadata"] == metadata


def test_an_edit_with_empty_blocks_removes_them(bot: WebClient, post: Post) -> None:
    ts = post(blocks=[SECTION])
    bot.chat_update(channel=CHANNEL, ts=ts, text="plain", blocks=[])
    assert newest(bot)["blocks"][0]["type"] == "rich_text"


def test_an_edit_may_not_carry_more_than_4000_bytes_of_text(bot: WebClient, post: Post, refusal: Refusal) -> None:
    ts = post()
    assert bot.chat_update(channel=CHANNEL, ts=ts, text="é" * 2000)["ok"]
    assert refusal(bot.chat_update, channel=CHANNEL, ts=ts, text="é" * 2001)["error"] == "msg_too_long"


def test_only_ones_own_message_can_be_edited_or_deleted(person: WebClient, post: Post, refusal: Refusal) -> None:
    ts = post()
    assert refusal(person.chat_update, channel=CHANNEL, ts=ts, text="x")["error"] == "cant_update_message"
    assert refusal(person.chat_delete, channel=CHANNEL, ts=ts)["error"] == "cant_delete_message"


@pytest.mark.parametrize("method", ["chat_update", "chat_delete"])
def test_a_message_that_is_not_there_cannot_be_changed(bot: WebClient, refusal: Refusal, method: str) -> None:
    arguments = {"channel": CHANNEL, "ts": "1700000000.000000", "text": "x"}
    assert refusal(getattr(bot, method), **arguments)["error"] == "message_not_found"


def test_an_edit_must_say_something(bot: WebClient, post: Post, refusal: Refusal) -> None:
    assert refusal(bot.chat_update, channel=CHANNEL, ts=post(), text="")["error"] == "no_text"


def test_a_closed_edit_window_refuses_edits(tmp_path: Path, refusal: Refusal) -> None:
    server = start("slack", "--edit-window-minutes", "0", data_dir=tmp_path / "slack")
    try:
        bot = client(server)
        ts = bot.chat_postMessage(channel=CHANNEL, text="hello")["ts"]
        assert refusal(bot.chat_update, channel=CHANNEL, ts=ts, text="x")["error"] == "edit_window_closed"
    finally:
        server.stop()


def test_a_deleted_message_is_gone(bot: WebClient, post: Post) -> None:
    ts = post()
    assert bot.chat_delete(channel=CHANNEL, ts=ts)["ts"] == ts
    assert bot.conversations_history(channel=CHANNEL)["messages"] == []


def test_a_permalink_leads_to_the_page_at_the_message(bot: WebClient, local: httpx.Client, post: Post) -> None:
    ts = post("find me")
    link = bot.chat_getPermalink(channel=CHANNEL, message_ts=ts)["permalink"]
    assert link.endswith(f"/archives/{CHANNEL}/p{ts.replace('.', '')}")
    page = local.get(link)
    assert page.status_code == 200
    assert f'id="m-{ts}"' in page.text
    assert "selected" in page.text


def test_a_permalink_into_a_thread_names_the_thread(bot: WebClient, post: Post) -> None:
    root = post()
    reply = post(thread_ts=root)
    for ts in (root, reply):
        link = bot.chat_getPermalink(channel=CHANNEL, message_ts=ts)["permalink"]
        assert link.endswith(f"?thread_ts={root}&cid={CHANNEL}")


def test_a_permalink_needs_a_message(bot: WebClient, refusal: Refusal) -> None:
    answer = refusal(bot.chat_getPermalink, channel=CHANNEL, message_ts="1700000000.000000")
    assert answer["error"] == "message_not_found"


def test_an_app_may_speak_under_another_name(bot: WebClient, post: Post) -> None:
    post(username="Airbyte", icon_emoji=":package:")
    assert newest(bot)["username"] == "Airbyte"


def test_attachments_read_back(bot: WebClient, post: Post) -> None:
    post("", attachments=[{"color": "#e01e5a", "text": "37 rows", "blocks": None}])
    assert newest(bot)["attachments"] == [{"id": 1, "color": "#e01e5a", "text": "37 rows"}]


def test_attachments_have_a_limit_and_check_their_blocks(bot: WebClient, refusal: Refusal) -> None:
    many = [{"text": "x"}] * 101
    assert refusal(bot.chat_postMessage, channel=CHANNEL, attachments=many)["error"] == "too_many_attachments"
    wrong = refusal(bot.chat_postMessage, channel=CHANNEL, attachments=[{"blocks": [{"type": "header"}]}])
    assert wrong["error"] == "invalid_attachments"
    assert wrong["errors"] == ["missing required field: text [json-pointer:/attachments/0/blocks/0]"]
    mixed = refusal(bot.chat_postMessage, channel=CHANNEL, attachments=[{"title": "t", "blocks": [SECTION]}])
    assert mixed["response_metadata"]["messages"] == ["[ERROR] invalid_keys"]
