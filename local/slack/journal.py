"""The journal of calls: what a drill compares with what the caller believes it sent.

Kept on disk, because a drill kills this process too. Written only with the fault knobs enabled, so a stack that stays
up for months does not grow one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.slack.storage import Database

ACCEPTED = "accepted"
REFUSED = "refused"
LIMITED = "limited"
FAULTED = "faulted"


@dataclass
class Entry:
    """One call: `outcome` says whether the workspace acted on it, whatever the caller was told."""

    method: str
    args: Mapping[str, Any]
    outcome: str = REFUSED
    error: str | None = None
    status: int = 200
    retry_after: str | None = None
    fault: str | None = None
    channel: str | None = None
    ts: str | None = None


class Journal:
    """The calls in the order they came."""

    def __init__(self, database: Database, *, enabled: bool) -> None:
        self.database = database
        self.enabled = enabled

    def write(self, entry: Entry) -> None:
        """Keep one call."""
        if self.enabled:
            values = {**vars(entry), "args": json.dumps(dict(entry.args)), "at": time.time()}
            columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
            self.database.connection.execute(f"INSERT INTO journal ({columns}) VALUES ({marks})", values)

    def read(self, since: int, limit: int, outcome: str | None) -> list[dict[str, Any]]:
        """Up to `limit` entries with an id greater than `since`, oldest first; `outcome` None means all."""
        rows = self.database.connection.execute(
            "SELECT * FROM journal WHERE id > ? AND (? IS NULL OR outcome = ?) ORDER BY id LIMIT ?",
            (since, outcome, outcome, limit),
        ).fetchall()
        return [{**dict(row), "args": json.loads(row["args"])} for row in rows]
