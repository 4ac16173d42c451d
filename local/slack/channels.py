"""Channels and who is in them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from local.slack import identity, timestamps
from local.slack.errors import SlackError
from local.slack.storage import Database


@dataclass(frozen=True)
class Channel:
    """One public channel."""

    channel_id: str
    name: str
    topic: str
    created: int
    is_archived: bool
    members: frozenset[str]

    def conversation(self, viewer: str) -> dict[str, Any]:
        """The channel as `conversations.info` gives it to `viewer`."""
        note = {"value": self.topic, "creator": identity.PERSON.user_id, "last_set": self.created}
        return {
            "id": self.channel_id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": False,
            "is_archived": self.is_archived,
            "is_general": self.name == "general",
            "is_member": viewer in self.members,
            "is_shared": False,
            "created": self.created,
            "creator": identity.PERSON.user_id,
            "context_team_id": identity.TEAM_ID,
            "topic": note,
            "purpose": note,
            "previous_names": [],
            "num_members": len(self.members),
        }


class Channels:
    """The channels of the workspace."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self) -> list[Channel]:
        """Every channel, by name."""
        rows = self.database.connection.execute("SELECT * FROM channel ORDER BY name")
        return [self._channel(row) for row in rows.fetchall()]

    def get(self, channel_id: str | None) -> Channel:
        """The channel with this id; SlackError `channel_not_found` for anything else, a name included."""
        row = self._row("channel_id", channel_id or "")
        if row is None:
            raise SlackError("channel_not_found")
        return self._channel(row)

    def get_by_id_or_name(self, value: str | None) -> Channel:
        """As `get`, but `name` and `#name` name a channel too: `chat.postMessage` alone reads it so."""
        try:
            return self.get(value)
        except SlackError:
            row = self._row("name", (value or "").removeprefix("#"))
            if row is None:
                raise
            return self._channel(row)

    def _row(self, column: str, value: str) -> sqlite3.Row | None:
        found = self.database.connection.execute(f"SELECT * FROM channel WHERE {column} = ?", (value,)).fetchone()
        return found if isinstance(found, sqlite3.Row) else None

    def _channel(self, row: sqlite3.Row) -> Channel:
        members = self.database.connection.execute(
            "SELECT user_id FROM member WHERE channel_id = ?", (row["channel_id"],)
        ).fetchall()
        return Channel(
            row["channel_id"],
            row["name"],
            row["topic"],
            row["created"],
            bool(row["is_archived"]),
            frozenset(member["user_id"] for member in members),
        )

    def join(self, channel: Channel, user_id: str) -> None:
        """Make someone a member; harmless when they are."""
        self.database.connection.execute("INSERT OR IGNORE INTO member VALUES (?, ?)", (channel.channel_id, user_id))

    def next_ts(self, channel_id: str) -> str:
        """A `ts` no message of this channel has or had, greater than all of them even when the clock went back."""
        row = self._row("channel_id", channel_id)
        last = timestamps.microseconds(row["last_ts"]) if row else 0
        ts = timestamps.render(max(self.database.now(), last + 1))
        self.database.connection.execute("UPDATE channel SET last_ts = ? WHERE channel_id = ?", (ts, channel_id))
        return ts
