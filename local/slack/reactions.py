"""Reactions: which emoji exist, who left which one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from local.slack.emojis import is_known
from local.slack.errors import SlackError
from local.slack.messages import Message
from local.slack.storage import Database


class Reactions:
    """The reactions of every message."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, message: Message, name: str, user_id: str) -> None:
        """Leave a reaction; SlackError `invalid_name` or `already_reacted`."""
        if not is_known(name):
            raise SlackError("invalid_name")
        try:
            self.database.connection.execute(
                "INSERT INTO reaction (channel_id, ts, name, user_id) VALUES (?, ?, ?, ?)",
                (message.channel_id, message.ts, name, user_id),
            )
        except sqlite3.IntegrityError as error:
            raise SlackError("already_reacted") from error

    def remove(self, message: Message, name: str, user_id: str) -> None:
        """Take one's own reaction back; SlackError `no_reaction`."""
        removed = self.database.connection.execute(
            "DELETE FROM reaction WHERE channel_id = ? AND ts = ? AND name = ? AND user_id = ?",
            (message.channel_id, message.ts, name, user_id),
        )
        if not removed.rowcount:
            raise SlackError("no_reaction")

    def of(self, channel_id: str, timestamps: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """The reactions of several messages, `{ts: [{name, users, count}]}`, in the order they were first left."""
        wanted = list(timestamps)
        rows = self.database.connection.execute(
            "SELECT ts, name, user_id FROM reaction"
            f" WHERE channel_id = ? AND ts IN ({','.join('?' * len(wanted))}) ORDER BY position",
            (channel_id, *wanted),
        ).fetchall()
        found: dict[str, dict[str, list[str]]] = {}
        for row in rows:
            found.setdefault(row["ts"], {}).setdefault(row["name"], []).append(row["user_id"])
        return {
            ts: [{"name": name, "users": users, "count": len(users)} for name, users in by_name.items()]
            for ts, by_name in found.items()
        }
