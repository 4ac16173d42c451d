"""The page: what it shows, that it stays safe, that it stays live."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from tests.contracts.slack.clients import CHANNEL

Post = Callable[..., str]
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><b>bold</b>"


class Seen(HTMLParser):
    """The tags, attributes and text a browser would find."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def assert_harmless(self) -> None:
        """No element, handler or address that a sender brought in."""
        scripts = [attributes.get("src") for tag, attributes in self.tags if tag == "script"]
        assert scripts == ["/static/page.js"]
        for tag, attributes in self.tags:
            assert tag not in ("iframe", "object", "embed", "form", "base", "style"), tag
            assert not [name for name in attributes if name.startswith("on") or name == "style"], attributes
            for name in ("href", "src"):
                assert not (attributes.get(name) or "").lower().startswith(("javascript:", "data:", "vbscript:"))


def look(local: httpx.Client, **query: str) -> Seen:
    """The page."""
    answer = local.get("/", params=query)
    assert answer.status_code == 200
    return Seen(answer.text)


def test_messages_stand_oldest_first_with_author_label_and_time(local: httpx.Client, post: Post) -> None:
    stamps = [post("first"), post("second")]
    answer = local.get("/").text
    assert [f"m-{ts}" for ts in stamps] == re.findall(r'id="(m-[\d.]+)"', answer)
    page = Seen(answer)
    assert "Backbeat" in page.text
    assert "APP" in page.text
    assert "Today" in page.text
    assert len([tag for tag, _ in page.tags if tag == "time"]) == 2


def test_a_persons_message_has_no_app_label(local: httpx.Client, person: WebClient) -> None:
    person.chat_postMessage(channel=CHANNEL, text="hi")
    assert '<span class="label">APP</span>' not in local.get("/").text


def test_an_edited_message_is_marked(local: httpx.Client, bot: WebClient, post: Post) -> None:
    ts = post("before")
    assert "(edited)" not in look(local).text
    bot.chat_update(channel=CHANNEL, ts=ts, text="after")
    assert "(edited)" in look(local).text


def test_reactions_are_shown_as_characters_with_their_count(
    local: httpx.Client, bot: WebClient, person: WebClient, post: Post
) -> None:
    ts = post()
    for who in (bot, person):
        who.reactions_add(channel=CHANNEL, timestamp=ts, name="rocket")
    assert re.search(r"\N{ROCKET}\s*2", look(local).text)


def test_the_thread_summary_opens_the_thread(local: httpx.Client, post: Post) -> None:
    root = post("root")
    for number in range(12):
        post(f"reply {number}", thread_ts=root)
    page = look(local)
    assert "12 replies" in page.text
    assert "reply 3" not in page.text
    (link,) = [attributes for tag, attributes in page.tags if tag == "a" and "data-thread" in attributes]
    opened = Seen(local.get(link["href"] or "").text)
    assert "reply 3" in opened.text
    assert any(tag == "aside" and attributes.get("id") == "thread" for tag, attributes in opened.tags)


def test_a_link_to_a_reply_opens_its_thread_at_the_reply(local: httpx.Client, bot: WebClient, post: Post) -> None:
    reply = post("deep", thread_ts=post("root"))
    link = bot.chat_getPermalink(channel=CHANNEL, message_ts=reply)["permalink"]
    selected = [
        attributes for _, attributes in Seen(local.get(link).text).tags if "selected" in str(attributes.get("class"))
    ]
    assert [attributes["id"] for attributes in selected] == [f"t-{reply}"]


def test_a_link_to_an_old_message_shows_its_surroundings(local: httpx.Client, post: Post) -> None:
    stamps = [post(f"number {number};") for number in range(150)]
    page = look(local, ts=stamps[50])
    assert "number 50;" in page.text
    assert "number 149;" not in page.text
    assert "Jump to the newest messages" in page.text


def test_earlier_messages_are_one_link_away(local: httpx.Client, post: Post) -> None:
    for number in range(100):
        post(f"number {number};")
    page = look(local)
    assert "number 19;" not in page.text
    (link,) = [
        attributes["href"] for tag, attributes in page.tags if tag == "a" and "before=" in str(attributes.get("href"))
    ]
    assert "number 19;" in Seen(local.get(link or "").text).text


def test_a_tombstone_shows_that_something_was_deleted(local: httpx.Client, bot: WebClient, post: Post) -> None:
    root = post("secret")
    post("reply", thread_ts=root)
    bot.chat_delete(channel=CHANNEL, ts=root)
    page = look(local)
    assert "This message was deleted." in page.text
    assert "secret" not in page.text


def test_mrkdwn_is_rendered(local: httpx.Client, post: Post) -> None:
    post("*bold* _italic_ ~gone~ `code` <https://example.com|a link>\n> quoted\n```\nlet x = 1\n```")
    markup = local.get("/").text
    for part in (
        "<b>bold</b>",
        "<i>italic</i>",
        "<s>gone</s>",
        "<code>code</code>",
        '<a href="https://example.com" target="_blank" rel="noopener noreferrer">a link</a>',
        '<blockquote class="text">quoted</blockquote>',
        '<pre tabindex="0">let x = 1</pre>',
    ):
        assert part in markup


@pytest.mark.parametrize("text", ["fct_orders_daily and stg__x", "2*3*4", "a * b * c", "1 ~ 2 ~ 3", "10:30:00"])
def test_names_and_arithmetic_are_not_taken_for_marks(local: httpx.Client, post: Post, text: str) -> None:
    post(text)
    markup = local.get("/").text
    assert f'<div class="text">{text}</div>' in markup


def test_a_table_has_a_head_and_keeps_its_alignment(local: httpx.Client, post: Post) -> None:
    rows = [[{"type": "raw_text", "text": "shop"}, {"type": "raw_text", "text": "orders"}]]
    rows.append([{"type": "raw_text", "text": "one"}, {"type": "raw_text", "text": "42"}])
    post(blocks=[{"type": "table", "rows": rows, "column_settings": [None, {"align": "right"}]}])
    markup = local.get("/").text
    assert '<th scope=col class="right">' in markup
    assert '<td class="right"><span class="text">42</span></td>' in markup


def hostile_blocks() -> list[dict[str, Any]]:
    """A hostile text in every place a sender can put one."""
    text = {"type": "text", "text": HOSTILE}
    return [
        {"type": "header", "text": {"type": "plain_text", "text": HOSTILE}},
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{HOSTILE} <javascript:alert(1)|x>"}},
        {"type": "section", "fields": [{"type": "plain_text", "text": HOSTILE}]},
        {"type": "context", "elements": [{"type": "image", "image_url": "https://e.co/a.png", "alt_text": HOSTILE}]},
        {"type": "markdown", "text": f"{HOSTILE}\n\n[x](javascript:alert(1)) ![y](javascript:alert(2))\n\n<b>raw</b>"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": HOSTILE}]]},
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_section", "elements": [text, {"type": "user", "user_id": HOSTILE}]},
                {"type": "rich_text_preformatted", "elements": [text]},
                {"type": "rich_text_quote", "elements": [text, {"type": "channel", "channel_id": HOSTILE}]},
            ],
        },
        {"type": "plan", "title": HOSTILE, "tasks": [{"task_id": "1", "title": HOSTILE}]},
    ]


def test_no_text_becomes_markup_wherever_it_stands(local: httpx.Client, bot: WebClient, post: Post) -> None:
    post(HOSTILE, thread_ts=post(HOSTILE), username=HOSTILE, icon_url="javascript:alert(1)")
    post(HOSTILE, blocks=hostile_blocks())
    attachment = {
        "title": HOSTILE,
        "title_link": "javascript:alert(1)",
        "color": HOSTILE,
        "text": HOSTILE,
        "footer": HOSTILE,
    }
    post(HOSTILE, attachments=[{**attachment, "fields": [{"title": HOSTILE, "value": HOSTILE}]}])
    bot.files_upload_v2(channel=CHANNEL, content="x", filename='"><script>alert(1)</script>.html', title=HOSTILE)
    root = bot.conversations_history(channel=CHANNEL)["messages"][-1]["ts"]
    page = look(local, thread=root)
    page.assert_harmless()
    assert "<b>bold</b>" in page.text


def test_broadcast_words_in_rich_text_stay_words(local: httpx.Client, post: Post) -> None:
    text = {"type": "text", "text": "<!channel> <@U0PERSON> {{7*7}} `x`"}
    post(blocks=[{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [text]}]}])
    assert "<!channel> <@U0PERSON> {{7*7}} `x`" in look(local).text
    assert 'class="mention' not in local.get("/").text


@pytest.mark.parametrize(
    "attachment", [{"text": 5}, {"fields": 5, "title": ["x"]}, {"text": None, "fallback": {"a": 1}}]
)
def test_attachments_of_the_wrong_types_do_not_break_the_page(local: httpx.Client, post: Post, attachment: Any) -> None:
    post("still here", attachments=[attachment])
    assert "still here" in look(local).text


@pytest.mark.parametrize(
    "text", ["\x00null", "\u202egnirts desrever", "x" * 40_000, "*" * 5000, "`" * 5000, "<" * 5000, "*a _b " * 6000]
)
def test_awkward_texts_do_not_break_the_page(local: httpx.Client, post: Post, text: str) -> None:
    post(text)
    look(local).assert_harmless()


def test_the_page_allows_no_script_style_or_font_but_its_own(local: httpx.Client, post: Post) -> None:
    post()
    answer = local.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    for tag, attributes in Seen(answer.text).tags:
        address = attributes.get("src") or (attributes.get("href") if tag == "link" else None)
        assert address is None or address.startswith("/"), (tag, attributes)


def test_the_live_fragment_says_when_nothing_changed(local: httpx.Client, post: Post) -> None:
    post("one")
    first = local.get("/fragment")
    unchanged = local.get("/fragment", headers={"If-None-Match": first.headers["etag"]})
    assert unchanged.status_code == 304
    post("two")
    changed = local.get("/fragment", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert "two" in changed.text


def test_only_a_changed_message_changes_its_fingerprint(local: httpx.Client, bot: WebClient, post: Post) -> None:
    def fingerprints() -> dict[str, str]:
        return dict(re.findall(r'data-key="([\d.]+)" data-rev="([^"]+)"', local.get("/fragment").text))

    first, second = post("one"), post("two")
    before = fingerprints()
    bot.reactions_add(channel=CHANNEL, timestamp=first, name="eyes")
    post("reply", thread_ts=first)
    after = fingerprints()
    assert after[first] != before[first]
    assert after[second] == before[second]


def test_each_channel_has_its_page_and_an_unknown_one_has_none(local: httpx.Client, person: WebClient) -> None:
    person.chat_postMessage(channel="C0GENERAL", text="over here")
    assert "over here" in look(local, channel="C0GENERAL").text
    assert "over here" not in look(local).text
    assert local.get("/", params={"channel": "C0NOWHERE"}).status_code == 404


@pytest.mark.parametrize(
    "query", [{"ts": "abc"}, {"thread": "1.1"}, {"before": "0000000000.000000"}, {"ts": "1700000000.000000"}]
)
def test_addresses_that_name_nothing_still_show_the_channel(
    local: httpx.Client, post: Post, query: dict[str, str]
) -> None:
    post("still here")
    assert "still here" in look(local, **query).text
