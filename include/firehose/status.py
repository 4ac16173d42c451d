"""What the firehose is doing, for a person at a terminal and for a health check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, func, select, text

from include.firehose import lease, spool, tables

# Long enough for a round with a call that times out.
LATE_SECONDS = 60


@dataclass(frozen=True)
class Status:
    """Counts of the outbox, and the dispatcher's heartbeat."""

    events: int
    uncomposed: int
    subjects: int
    deliveries: dict[str, int]
    oldest_pending: datetime | None
    spool_bytes: int
    holder: str
    beat_seconds: float | None
    trouble: str

    @property
    def healthy(self) -> bool:
        """Whether a dispatcher works and nothing keeps it from sending."""
        return self.beat_seconds is not None and self.beat_seconds < LATE_SECONDS and not self.trouble

    def lines(self) -> list[str]:
        """The status as aligned lines."""
        beat = "no dispatcher" if self.beat_seconds is None else f"{self.holder}, {self.beat_seconds:.0f} s ago"
        states = ("pending", "sending", "unknown", "sent", "dead")
        rows = [
            ("events", f"{self.events} ({self.uncomposed} to compose)"),
            ("messages", str(self.subjects)),
            ("deliveries", ", ".join(f"{self.deliveries.get(state, 0)} {state}" for state in states)),
            ("oldest pending", self.oldest_pending.isoformat(timespec="seconds") if self.oldest_pending else "-"),
            ("spool", f"{self.spool_bytes} bytes"),
            ("dispatcher", beat),
            ("trouble", self.trouble or "-"),
        ]
        return [f"{name:<15} {value}" for name, value in rows]


def read(outbox: Engine, spool_path: Path) -> Status:
    """Read the status from the database."""
    event, delivery, row = tables.event, tables.delivery, tables.lease
    with outbox.begin() as connection:
        states = connection.execute(select(delivery.c.state, func.count()).group_by(delivery.c.state))
        deliveries: dict[str, int] = {row[0]: row[1] for row in states}
        oldest = select(func.min(delivery.c.created_at)).where(delivery.c.state == "pending")
        age = func.extract("epoch", text("clock_timestamp()") - row.c.renewed_at)
        beat = connection.execute(
            select(row.c.holder, row.c.trouble, age).where(row.c.name == lease.NAME)
        ).one_or_none()
        return Status(
            events=connection.scalar(select(func.count()).select_from(event)) or 0,
            uncomposed=connection.scalar(select(func.count()).where(event.c.composed_at.is_(None))) or 0,
            subjects=connection.scalar(select(func.count()).select_from(tables.subject)) or 0,
            deliveries=deliveries,
            oldest_pending=connection.scalar(oldest),
            spool_bytes=spool.waiting(spool_path),
            holder=beat[0] if beat else "",
            beat_seconds=float(beat[2]) if beat else None,
            trouble=(beat[1] or "") if beat else "",
        )
