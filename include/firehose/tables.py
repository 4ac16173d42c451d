"""The outbox's tables for SQLAlchemy Core. The truth is in schema/*.sql; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB

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
    Column("state", Text),
    Column("plain", Boolean),
    Column("attempts", Integer),
    Column("not_before", _TIME),
    Column("first_attempt_at", _TIME),
    Column("slack_ts", Text),
    Column("error", Text),
    Column("created_at", _TIME),
    Column("updated_at", _TIME),
    Column("seq", BigInteger),
    Column("folded_into", Text),
)

delivery_event = Table(
    "delivery_event",
    METADATA,
    Column("delivery_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
)

cursor = Table(
    "cursor",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("watermark", Text),
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

watchdog = Table(
    "watchdog",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("began_at", _TIME),
    Column("problem", Text),
)

series = Table(
    "series",
    METADATA,
    Column("series", Text, primary_key=True),
    Column("source", Text),
    Column("schedule", JSONB),
    Column("next_expected", _TIME),
    Column("memory", JSONB),
    Column("last_seen_at", _TIME),
    Column("gone", Boolean),
)

beat = Table(
    "beat",
    METADATA,
    Column("series", Text, primary_key=True),
    Column("expected_at", _TIME, primary_key=True),
    Column("state", Text),
    Column("counted_from", _TIME),
    Column("clock_from", _TIME),
    Column("window_from", _TIME),
    Column("late_after", DOUBLE_PRECISION),
    Column("missing_after", DOUBLE_PRECISION),
    Column("reason", Text),
    Column("arrived_at", _TIME),
    Column("residual", DOUBLE_PRECISION),
    Column("subject_key", Text),
    Column("reported_at", _TIME),
)
