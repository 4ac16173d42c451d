"""The outbox's tables for SQLAlchemy Core. The truth is in schema/*.sql; a test compares the two."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

METADATA = MetaData()
_TIME = DateTime(timezone=True)

event = Table(
    "event",
    METADATA,
    Column("event_id", Text, primary_key=True),
    Column("kind", Text),
    Column("series", Text),
    Column("subject_key", Text),
    Column("occurred_at", _TIME),
    Column("first_seen_at", _TIME),
    Column("seen_via", ARRAY(Text)),
    Column("severity", Text),
    Column("payload", JSONB),
    Column("composed_at", _TIME),
)

subject = Table(
    "subject",
    METADATA,
    Column("subject_key", Text, primary_key=True),
    Column("kind", Text),
    Column("series", Text),
    Column("channel_id", Text),
    Column("parent_ts", Text),
    Column("state", Text),
    Column("started_at", _TIME),
    Column("ended_at", _TIME),
    Column("rendered_hash", Text),
    Column("rev", Integer),
    Column("touched_at", _TIME),
)

delivery = Table(
    "delivery",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    Column("message_key", Text),
    Column("op", Text),
    Column("subject_key", Text),
    Column("priority", SmallInteger),
    Column("body", JSONB),
    Column("body_hash", Text),
    Column("state", Text),
    Column("plain", Boolean),
    Column("attempts", Integer),
    Column("not_before", _TIME),
    Column("first_attempt_at", _TIME),
    Column("slack_ts", Text),
    Column("error", Text),
    Column("created_at", _TIME),
    Column("updated_at", _TIME),
)

delivery_event = Table(
    "delivery_event",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
)

lease = Table(
    "lease",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text),
    Column("until", _TIME),
    Column("renewed_at", _TIME),
    Column("trouble", Text),
)

rate_limit = Table(
    "rate_limit",
    METADATA,
    Column("method", Text, primary_key=True),
    Column("next_at", _TIME),
    Column("blocked_until", _TIME),
)
