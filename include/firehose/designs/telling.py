"""What a design says of its subject: the root message as it should look now, and the lines of its thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import IntEnum
from typing import Any

from include.firehose.blocks import Block
from include.firehose.event import Event


class Priority(IntEnum):
    """Which message goes first when there are more than Slack takes."""

    # Somebody should look: a failure, a missing beat.
    FAILURE = 0
    # A first message, an end, a state of a pull request or a deployment.
    MILESTONE = 1
    # How far something has come; a success that can wait.
    PROGRESS = 2
    # Lines of a thread.
    DETAIL = 3


@dataclass(frozen=True)
class Setting:
    """What a message needs to know beside its events.

    `usual_seconds` is what the last good runs of the series took; `failures_in_a_row` counts, by the event that tells
    the failure, how often its series has failed without a success in between, this time included. `rows_before` is, by
    the event that tells a sync, how many rows the series' earlier syncs have loaded, oldest first.
    """

    airflow_url: str
    timezone: tzinfo = UTC
    usual_seconds: Sequence[float] = ()
    secrets: Sequence[str] = ()
    failures_in_a_row: Mapping[str, int] = field(default_factory=dict)
    rows_before: Mapping[str, Sequence[int]] = field(default_factory=dict)
    # Why and until when nobody wants to be alarmed by this series; empty when it is not silenced.
    silenced: str = ""


@dataclass(frozen=True)
class Message:
    """What Slack is given: `text` for notifications, `blocks`, and coloured `attachments` (empty when all is well)."""

    text: str
    blocks: list[Block]
    attachments: list[Block]

    def body(self) -> dict[str, Any]:
        """The message as it is stored in a delivery."""
        return {"text": self.text, "blocks": self.blocks, "attachments": self.attachments}


@dataclass(frozen=True)
class Line:
    """One line of a subject's thread, told once: `event_id` is the event it tells.

    `text` is plain (the composer escapes it). A line with `blocks` opens up, and gets a reply of its own at
    Priority.FAILURE; the others are sent together, up to 25 in a reply.
    """

    event_id: str
    text: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Telling:
    """A subject as its design tells it.

    `state` is one word for the outbox (a run's state, `open`, `merged`, `missing` ...); `over` says that nothing more
    is expected, so that the thread's last lines need not wait for more.
    """

    message: Message
    state: str
    priority: Priority
    over: bool
    series: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    lines: tuple[Line, ...] = ()


Design = Callable[[Sequence[Event], Setting], Telling]
