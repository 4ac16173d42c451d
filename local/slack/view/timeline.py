"""Which messages the page shows and how they stand together: days, and runs of one author."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from local.slack import identity, timestamps
from local.slack.messages import BROADCAST, TOMBSTONE, Message, Thread, Window
from local.slack.represent import blocks_of
from local.slack.workspace import Workspace

PAGE = 80
REPLIES_SHOWN = 1000
# Slack folds the next message of the same author into the one above when it comes this soon.
FOLD_SECONDS = 300


@dataclass(frozen=True)
class Shown:
    """A message with what the templates need beside it."""

    message: Message
    blocks: list[dict[str, Any]]
    thread: Thread | None
    reactions: list[dict[str, Any]]
    folded: bool
    selected: bool

    @property
    def fingerprint(self) -> str:
        """Changes whenever the message would look different."""
        return f"{self.message.revision}-{int(self.folded)}{int(self.selected)}"

    @property
    def author(self) -> str:
        """The name to show; an app may choose one for a message."""
        chosen = (self.message.appearance or {}).get("username")
        known = identity.PEOPLE.get(self.message.user_id)
        return chosen or (known.display_name if known else "Slackbot")

    @property
    def is_app(self) -> bool:
        """Whether it carries the APP label."""
        return self.message.user_id == identity.BOT.user_id

    @property
    def is_tombstone(self) -> bool:
        """Whether only the place of a deleted root is left."""
        return self.message.subtype == TOMBSTONE

    @property
    def is_broadcast(self) -> bool:
        """Whether it is a reply also sent to the channel."""
        return self.message.subtype == BROADCAST


@dataclass
class Day:
    """The messages of one day."""

    day: date
    messages: list[Shown] = field(default_factory=list)


@dataclass(frozen=True)
class Timeline:
    """A stretch of a channel."""

    days: list[Day]
    earlier: str | None
    is_newest: bool


class TimelineReader:
    """Reads stretches of channels and threads."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def channel(self, channel_id: str, *, around: str | None, before: str | None, selected: str | None) -> Timeline:
        """The newest messages, those before a `ts`, or those around one."""
        messages = self.workspace.messages
        newer: list[Message] = []
        window = Window(last=timestamps.render(timestamps.microseconds(before) - 1)) if before else Window()
        if around:
            window = Window(last=around)
            after = Window(first=timestamps.render(timestamps.microseconds(around) + 1))
            newer = messages.history(channel_id, after, PAGE // 2 + 1, forward=True)[::-1]
        older = messages.history(channel_id, window, PAGE + 1)
        page = older[:PAGE][::-1] + newer[: PAGE // 2]
        earlier = page[0].ts if len(older) > PAGE else None
        return Timeline(self._days(page, selected), earlier, not before and len(newer) <= PAGE // 2)

    def _days(self, page: Sequence[Message], selected: str | None) -> list[Day]:
        days: list[Day] = []
        for shown in self.shown(page, selected):
            day = timestamps.local_time(shown.message.ts).date()
            if not days or days[-1].day != day:
                days.append(Day(day))
            days[-1].messages.append(shown)
        return days

    def thread(self, root: Message, selected: str | None) -> list[Shown]:
        """A root and its replies."""
        replies = self.workspace.messages.replies(root, Window(), REPLIES_SHOWN)
        return self.shown([root, *replies], selected)

    def shown(self, page: Sequence[Message], selected: str | None) -> list[Shown]:
        """Messages of one channel, in order, with their threads and reactions."""
        if not page:
            return []
        channel_id, wanted = page[0].channel_id, [message.ts for message in page]
        threads = self.workspace.messages.threads(channel_id, wanted)
        reactions = self.workspace.reactions.of(channel_id, wanted)
        return [
            Shown(
                message,
                blocks_of(message),
                threads.get(message.ts),
                reactions.get(message.ts, []),
                folded=index > 0 and _folds(page[index - 1], message),
                selected=message.ts == selected,
            )
            for index, message in enumerate(page)
        ]


def _folds(above: Message, message: Message) -> bool:
    gap = timestamps.microseconds(message.ts) - timestamps.microseconds(above.ts)
    return (
        above.user_id == message.user_id
        and above.appearance == message.appearance
        and gap < FOLD_SECONDS * timestamps.MICROSECONDS
        and timestamps.local_time(above.ts).date() == timestamps.local_time(message.ts).date()
        and TOMBSTONE not in (above.subtype, message.subtype)
        and not (above.thread_ts is None and message.thread_ts == above.ts)
        and message.subtype != BROADCAST
    )
