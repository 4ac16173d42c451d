"""What a message says: text, blocks, attachments, metadata, read and refused as Slack does."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from local.slack import mrkdwn
from local.slack.arguments import Arguments
from local.slack.blocks.limits import check_blocks
from local.slack.errors import SlackError

TEXT_TRUNCATED_AT = 40_000
# Undocumented: above it `chat.update` refuses or silently loses text.
UPDATE_TEXT_BYTES = 4_000
ATTACHMENTS = 100

# The keys that make an attachment a message; with decoration alone (colour, footer) Slack answers `no_text`.
_ATTACHMENT_TEXTS = ("text", "fallback", "title", "pretext", "author_name", "fields")
_ATTACHMENT_STRINGS = (
    *("text", "fallback", "title", "title_link", "pretext", "author_name", "author_link"),
    *("footer", "color", "image_url"),
)
# The old-style keys that cannot stand beside `blocks` in one attachment.
_NOT_BESIDE_BLOCKS = ("title", "title_link", "fields", "actions", "callback_id", "id", "image_url", "thumb_url")


@dataclass(frozen=True)
class Content:
    """The parts sent; None means not sent, which an edit tells from empty."""

    text: str | None
    blocks: list[dict[str, Any]] | None
    attachments: list[dict[str, Any]] | None

    @property
    def carries_message(self) -> bool:
        """Whether there is anything to show. A text of spaces is something, as on slack.com."""
        return bool(self.text or self.blocks or any(_carries_text(item) for item in self.attachments or ()))


def read_content(arguments: Arguments) -> Content:
    """The content of a post or an edit; SlackError names what is wrong with it."""
    text = arguments.text("text")
    if text is not None:
        text = mrkdwn.stored(text[:TEXT_TRUNCATED_AT], link_urls=True)
    return Content(text, _read_blocks(arguments), _read_attachments(arguments))


def _read_blocks(arguments: Arguments) -> list[dict[str, Any]] | None:
    if not arguments.has("blocks"):
        return None
    try:
        blocks = arguments.structure("blocks")
    except ValueError:
        blocks = None
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    check_blocks(blocks, "/blocks", "invalid_blocks")
    return [_stored_block(block) for block in blocks]


def _read_attachments(arguments: Arguments) -> list[dict[str, Any]] | None:
    """The attachments; anything that is no list of objects is no content rather than an error, as on slack.com."""
    try:
        sent = arguments.structure("attachments")
    except ValueError:
        return None
    if not isinstance(sent, list):
        return None
    if len(sent) > ATTACHMENTS:
        raise SlackError("too_many_attachments")
    return [_read_attachment(item, index) for index, item in enumerate(sent) if isinstance(item, dict)]


def _read_attachment(item: dict[str, Any], index: int) -> dict[str, Any]:
    """One attachment: lenient in its old-style keys, strict in its blocks, as Slack is."""
    kept = {"id": index + 1, **{name: value for name, value in item.items() if value is not None}}
    kept |= {name: str(kept[name]) for name in _ATTACHMENT_STRINGS if name in kept}
    if "fields" in kept:
        fields = kept["fields"]
        kept["fields"] = [field for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []
    if not item.get("blocks"):
        return kept
    if any(key in item for key in _NOT_BESIDE_BLOCKS):
        raise SlackError("invalid_attachments", ["invalid_keys"])
    if not isinstance(item["blocks"], list):
        raise SlackError("invalid_attachments", [f"must provide an array [json-pointer:/attachments/{index}/blocks]"])
    check_blocks(item["blocks"], f"/attachments/{index}/blocks", "invalid_attachments")
    return {**kept, "blocks": [_stored_block(block) for block in item["blocks"]]}


def _carries_text(attachment: dict[str, Any]) -> bool:
    return bool(attachment.get("blocks")) or any(key in attachment for key in _ATTACHMENT_TEXTS)


def _stored_block(block: dict[str, Any]) -> dict[str, Any]:
    """A block as it reads back: with an id, and with each text object's defaults filled in."""
    return {**_with_defaults(block), "block_id": block.get("block_id") or secrets.token_urlsafe(4)[:5]}


def _with_defaults(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    filled = {name: _with_defaults(item) for name, item in value.items()}
    if filled.get("type") == "mrkdwn":
        return {**filled, "text": mrkdwn.stored(filled["text"]), "verbatim": bool(filled.get("verbatim"))}
    if filled.get("type") == "plain_text":
        return {**filled, "emoji": filled.get("emoji", True)}
    return filled


def read_metadata(arguments: Arguments) -> dict[str, Any] | None:
    """`metadata`: an object of `event_type` and a flat `event_payload`."""
    try:
        metadata = arguments.structure("metadata")
    except ValueError:
        raise SlackError("invalid_metadata_format") from None
    if metadata in (None, {}, ""):
        return None
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema", _missing(metadata, ("event_type", "event_payload")))
    return metadata


def _missing(value: dict[str, Any], names: Iterable[str]) -> list[str]:
    return [f"missing required field: {name} [json-pointer:/metadata]" for name in names if name not in value]
