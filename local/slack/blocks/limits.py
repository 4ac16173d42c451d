"""The limits of a message as a whole, which no single block breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.slack.blocks.tables import BLOCKS
from local.slack.errors import SlackError

# Undocumented; measured by several people between 13,200 and 13,202.
TEXT_OF_ALL_BLOCKS = 13_200
MARKDOWN_OF_ALL_BLOCKS = 12_000
CHARTS = 2
TABLE_FAMILY = ("table", "data_table")
_TEXT_FIELDS = ("text", "title", "caption", "alt_text", "label", "name", "fallback")


def check_blocks(blocks: list[Any], at: str, error: str) -> None:
    """Refuse what Slack would refuse: `error` (`invalid_blocks`, `invalid_attachments`) with every reason.

    Too much text is `msg_blocks_too_long`, a second table `invalid_attachments` wherever it stands.
    """
    if details := list(BLOCKS.errors(blocks, at)):
        raise SlackError(error, details, errors=details)
    kinds = [block["type"] for block in _with_children(blocks)]
    if sum(kind in TABLE_FAMILY for kind in kinds) > 1:
        raise SlackError("invalid_attachments", ["only_one_table_allowed"], errors=["only_one_table_allowed"])
    if details := list(_together(kinds, blocks)):
        raise SlackError(error, details, errors=details)
    if text_length(blocks) > TEXT_OF_ALL_BLOCKS:
        raise SlackError("msg_blocks_too_long")


def _together(kinds: list[str], blocks: list[dict[str, Any]]) -> Iterator[str]:
    if kinds.count("data_visualization") > CHARTS:
        yield "too many data_visualization blocks"
    if "plan" in kinds and "task_card" in kinds:
        yield "plan and task_card blocks cannot be used together"
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_OF_ALL_BLOCKS:
        yield f"markdown blocks must be less than {MARKDOWN_OF_ALL_BLOCKS + 1} characters together"


def _with_children(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        yield block
        if block["type"] == "container":
            yield from block["child_blocks"]


def text_length(value: Any) -> int:
    """The characters of every text in a structure of blocks."""
    if isinstance(value, list):
        return sum(text_length(item) for item in value)
    if not isinstance(value, dict):
        return 0
    return sum(
        len(item) if isinstance(item, str) and name in _TEXT_FIELDS else text_length(item)
        for name, item in value.items()
    )
