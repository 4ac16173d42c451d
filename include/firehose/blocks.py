"""The few Slack blocks the firehose uses, each within Slack's limits and none that interprets foreign text.

Slack refuses a whole message for one limit, and its real ceilings are lower than its documentation: about 13,200
characters of block text, and 4,000 bytes of text in an update. Foreign text goes only into elements that show it as it
is (rich_text, plain_text): in mrkdwn it could mention the channel. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from include.firehose.redact import clean

MAX_BLOCKS = 40
MAX_CHARS = 10_000
MAX_TEXT_BYTES = 3_900
MAX_URL = 2_000
MAX_CONTEXT = 600
MAX_LINE = 300
MAX_BUTTON = 40

_LINK = re.compile(r"https?://[!-~]+")

Block = dict[str, Any]


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, with … where something was cut off."""
    text = clean(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clip_bytes(text: str, limit: int = MAX_TEXT_BYTES) -> str:
    """At most `limit` bytes of UTF-8, with … where something was cut off."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return text
    return encoded[: limit - 3].decode("utf-8", "ignore") + "…"


def escape(text: str) -> str:
    """Text for a message's fallback, where Slack reads & < > as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(text: str) -> str:
    """The text of a message: what notifications and screen readers get. Never empty.

    The cut is made before the escaping, so that it cannot split an entity.
    """
    text = clean(text).replace("\n", " ").strip() or "(no text)"
    limit = MAX_TEXT_BYTES
    while len(escape(shown := clip_bytes(text, limit)).encode()) > MAX_TEXT_BYTES:
        limit = limit * 3 // 4
    return escape(shown)


def headline(glyph: str, title: str, url: str | None, rest: str) -> Block:
    """The first line: a glyph, a bold (linked) name, and what follows it."""
    name: Block = {"type": "text", "text": clip(title, MAX_LINE) or "?", "style": {"bold": True}}
    if url is not None and _is_link(url):
        name = {"type": "link", "url": url, "text": name["text"], "style": {"bold": True}}
    elements: list[Block] = [{"type": "text", "text": f"{glyph} "}, name]
    if rest:
        elements.append({"type": "text", "text": "  " + clip(rest, MAX_LINE)})
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def context(text: str) -> Block:
    """A small grey line."""
    return {"type": "context", "elements": [_plain(clip(text, MAX_CONTEXT) or "-")]}


def line_with_button(text: str, *, label: str, url: str, action_id: str) -> Block:
    """A line with a link button at its right; without the button when the address is too long for Slack."""
    block: Block = {"type": "section", "text": _plain(clip(text, MAX_LINE) or "-")}
    if _is_link(url):
        block["accessory"] = {
            "type": "button",
            "text": _plain(clip(label, MAX_BUTTON)),
            "url": url,
            "action_id": action_id,
        }
    return block


def preformatted(text: str, limit: int) -> Block:
    """Foreign text as it is, in a monospaced box."""
    content = {"type": "text", "text": clip(text, limit).strip() or "-"}
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [content]}]}


def lines_of_text(lines: Sequence[str]) -> Block:
    """Plain lines, one below the other."""
    text = "\n".join(clip(line, MAX_LINE) or "-" for line in lines)
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }


def fitted(blocks: Sequence[Block]) -> list[Block]:
    """As many of the blocks, from the first, as one message may hold."""
    kept = list(blocks[:MAX_BLOCKS])
    while len(kept) > 1 and size(kept) > MAX_CHARS:
        kept.pop()
    return kept


def size(blocks: Sequence[Block]) -> int:
    """Characters of the blocks as Slack receives them, an upper bound of the text it counts."""
    return len(json.dumps(blocks, ensure_ascii=False))


def _is_link(url: str) -> bool:
    """Whether Slack takes it as an address; it refuses the whole message for one that is none."""
    return len(url) <= MAX_URL and _LINK.fullmatch(url) is not None


def _plain(text: str) -> Block:
    # emoji=False: a `:name:` in foreign text stays what it is.
    return {"type": "plain_text", "text": text, "emoji": False}
