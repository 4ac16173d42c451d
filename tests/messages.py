"""Slack messages, taken apart for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from include.firehose.designs.telling import Message


def strings(value: Any) -> Iterator[str]:
    """All texts in a message's body or a part of it."""
    if isinstance(value, str):
        yield value
    for item in _items(value):
        yield from strings(item)


def elements(value: Any) -> Iterator[Mapping[str, Any]]:
    """All objects in a message's body or a part of it."""
    if isinstance(value, Mapping):
        yield value
    for item in _items(value):
        yield from elements(item)


def shown(message: Message) -> str:
    """What people see of a message, a text a line."""
    return "\n".join(strings([message.blocks, message.attachments]))


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
