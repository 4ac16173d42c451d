"""Messages and threads: what is kept, how it changes, in what order it is read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from local.slack import identity
from local.slack.channels import Channels
from local.slack.storage import Database

TOMBSTONE = "tombstone"
BROADCAST = "thread_broadcast"
TOMBSTONE_TEXT = "This message was deleted."
_JSON_COLUMNS = ("blocks", "attachments", "metadata", "files", "appearance")


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as it is kept. `thread_ts` is set on replies only; `blocks` None means composed from the text."""

    channel_id: str
    user_id: str
    text: str
    ts: str = ""
    thread_ts: str | None = None
    subtype: str | None = None
    blocks: list[dict[str, Any]] | None = None
    attachments: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None
    files: list[dict[str, Any]] | None = None
    appearance: dict[str, str] | None = None
    edited_by: str | None = None
    edited_ts: str | None = None
    revision: int = 0


@dataclass(frozen=True)
class Thread:
    """What a root says about its replies."""

    reply_count: int
    reply_users: tuple[str, ...]
    latest_reply: str


@dataclass(frozen=True)
class Window:
    """The first and the last `ts` a read may give, both included; None is unbounded."""

    first: str | None = None
    last: str | None = None

    def condition(self) -> tuple[str, list[str]]:
        """The bounds as SQL over `ts`, with its parameters."""
        bounds = [(sql, value) for sql, value in (("ts >= ?", self.first), ("ts <= ?", self.last)) if value is not None]
        return " AND ".join(["1", *(sql for sql, _ in bounds)]), [value for _, value in bounds]


def _message(row: sqlite3.Row) -> Message:
    values = dict(row)
    for column in _JSON_COLUMNS:
        values[column] = json.loads(values[column]) if values[column] is not None else None
    return Message(**values)


class Messages:
    """The messages of every channel."""

    def __init__(self, database: Database, channels: Channels) -> None:
        self.database = database
        self.channels = channels

    def get(self, channel_id: str, ts: str | None) -> Message | None:
        """The message with exactly this `ts`."""
        row = self.database.connection.execute(
            "SELECT * FROM message WHERE channel_id = ? AND ts = ?", (channel_id, ts or "")
        ).fetchone()
        return _message(row) if row else None

    def add(self, message: Message) -> Message:
        """Keep a new message under the next `ts` of its channel."""
        with self.database.transaction():
            stored = replace(message, ts=self.channels.next_ts(message.channel_id))
            return self.save(stored)

    def save(self, message: Message) -> Message:
        """Write a message, new or changed, and mark it and its root as changed."""
        with self.database.transaction() as connection:
            stored = replace(message, revision=self.database.next_revision())
            values = {
                name: json.dumps(value) if name in _JSON_COLUMNS and value is not None else value
                for name, value in vars(stored).items()
            }
            columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
            connection.execute(f"INSERT OR REPLACE INTO message ({columns}) VALUES ({marks})", values)
            self._touch_root(stored)
            return stored

    def touch(self, message: Message) -> None:
        """Mark a message as changed without changing it (its reactions did)."""
        self.database.connection.execute(
            "UPDATE message SET revision = ? WHERE channel_id = ? AND ts = ?",
            (self.database.next_revision(), message.channel_id, message.ts),
        )

    def _touch_root(self, message: Message) -> None:
        if message.thread_ts and (root := self.get(message.channel_id, message.thread_ts)):
            self.touch(root)

    def delete(self, message: Message) -> None:
        """Remove a message as Slack does.

        A root with replies stays as a tombstone, so that its thread can be read; the last reply takes the tombstone
        with it.
        """
        with self.database.transaction():
            if message.thread_ts is None and self.thread(message):
                self.save(
                    Message(
                        channel_id=message.channel_id,
                        ts=message.ts,
                        user_id=identity.SLACKBOT,
                        text=TOMBSTONE_TEXT,
                        subtype=TOMBSTONE,
                    )
                )
                return
            self._remove(message)
            root = self.get(message.channel_id, message.thread_ts) if message.thread_ts else None
            if root and root.subtype == TOMBSTONE and not self.thread(root):
                self._remove(root)
            elif root:
                self.touch(root)

    def _remove(self, message: Message) -> None:
        self.database.next_revision()
        for table in ("reaction", "message"):
            self.database.connection.execute(
                f"DELETE FROM {table} WHERE channel_id = ? AND ts = ?", (message.channel_id, message.ts)
            )

    def history(self, channel_id: str, window: Window, limit: int, *, forward: bool = False) -> list[Message]:
        """Up to `limit` top-level messages (and broadcast replies), newest first.

        `forward` starts at the oldest end of the window instead of the newest; the page itself is newest first still.
        """
        condition, values = window.condition()
        rows = self.database.connection.execute(
            f"SELECT * FROM message WHERE channel_id = ? AND (thread_ts IS NULL OR subtype = '{BROADCAST}')"
            f" AND {condition} ORDER BY ts {'ASC' if forward else 'DESC'} LIMIT ?",
            (channel_id, *values, limit),
        ).fetchall()
        page = [_message(row) for row in rows]
        return page[::-1] if forward else page

    def replies(self, root: Message, window: Window, limit: int) -> list[Message]:
        """Up to `limit` replies of a root, oldest first."""
        condition, values = window.condition()
        rows = self.database.connection.execute(
            f"SELECT * FROM message WHERE channel_id = ? AND thread_ts = ? AND {condition} ORDER BY ts LIMIT ?",
            (root.channel_id, root.ts, *values, limit),
        ).fetchall()
        return [_message(row) for row in rows]

    def thread(self, root: Message) -> Thread | None:
        """The summary of a root's replies, None when it has none."""
        return self.threads(root.channel_id, [root.ts]).get(root.ts)

    def threads(self, channel_id: str, roots: Iterable[str]) -> dict[str, Thread]:
        """The summaries of several roots at once."""
        wanted = list(roots)
        rows = self.database.connection.execute(
            "SELECT thread_ts, user_id, count(*) AS replies, min(ts) AS first, max(ts) AS last FROM message"
            f" WHERE channel_id = ? AND thread_ts IN ({','.join('?' * len(wanted))})"
            " GROUP BY thread_ts, user_id ORDER BY first",
            (channel_id, *wanted),
        ).fetchall()
        found: dict[str, Thread] = {}
        for row in rows:
            known = found.get(row["thread_ts"], Thread(0, (), ""))
            found[row["thread_ts"]] = Thread(
                known.reply_count + row["replies"],
                (*known.reply_users, row["user_id"]),
                max(known.latest_reply, row["last"]),
            )
        return found

    def root_of(self, message: Message) -> Message:
        """The root of the thread a message is in: itself unless it is a reply."""
        return (self.get(message.channel_id, message.thread_ts) if message.thread_ts else None) or message
