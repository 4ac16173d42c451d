"""How far each of the firehose's readers has come: a time for each, kept with the events it has led to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from include.firehose import tables


def watermark(connection: Connection, source: str) -> datetime | None:
    """How far a source has been read; None when it never was."""
    cursor = tables.cursor
    value = connection.scalar(select(cursor.c.watermark).where(cursor.c.source == source))
    return datetime.fromisoformat(value) if value else None


def move_watermark(connection: Connection, source: str, to: datetime) -> None:
    """Note that a source has been read up to a time."""
    row = upsert(tables.cursor).values(source=source, watermark=to.isoformat())
    connection.execute(row.on_conflict_do_update(index_elements=["source"], set_={"watermark": row.excluded.watermark}))
