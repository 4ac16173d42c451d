"""A question and its answers for tests: tables that nobody uses, with what they take."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from include.metalayer.answer import Answer, State
from include.metalayer.query import Query

ASKED_AT = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
HEADER: dict[str, Any] = {
    "name": "unused_tables",
    "path": Path("unused_tables.sql"),
    "sql": "select 1",
    "title": "Tables nobody uses",
    "question": "Which tables does nobody use?",
    "why": "They cost and confuse.",
    "owner": "data",
    "group": "use",
    "views": ("ACCOUNT_USAGE.TABLE_STORAGE_METRICS",),
    "database_roles": ("USAGE_VIEWER",),
    "edition": "standard",
    "latency_minutes": 90,
    "rhythm": "weekly",
    "columns": (
        {"name": "table_name", "title": "Table", "unit": "name"},
        {"name": "bucket", "title": "Verdict", "unit": "text"},
        {"name": "last_read", "title": "Last read", "unit": "time"},
        {"name": "bytes", "title": "Size", "unit": "bytes"},
    ),
    "key": ("table_name", "bucket"),
    "headline": {"column": "bytes", "of": "sum", "where": {"bucket": "unused"}, "unit": "bytes", "words": "unused"},
    "attention": ({"column": "bytes", "above": 1000, "words": "{table_name} takes {bytes}, read last {last_read}"},),
}


def question(**changes: Any) -> Query:
    """The question with some keys of its header changed."""
    return Query.model_validate({**HEADER, **changes})


def row(name: str, size: int | None = 0, bucket: str = "unused", last_read: str | None = None) -> dict[str, Any]:
    return {"table_name": name, "bucket": bucket, "last_read": last_read, "bytes": size}


def answer(*rows: dict[str, Any], **changes: Any) -> Answer:
    given = {"query": "unused_tables", "state": State.ANSWERED, "asked_at": ASKED_AT, "variant": "unused_tables"}
    return Answer(rows=rows, **{**given, **changes})
