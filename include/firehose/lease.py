"""Two dispatchers are one: who holds the row may act, and taking each call from the queue proves it anew.

A row with a time rather than a session lock, because a time also ends when a machine disappears without closing its
connection; and it is the dispatcher's heartbeat for whoever asks.
"""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

NAME = "dispatcher"
SECONDS = 20.0

_TAKE = text(
    """
    insert into lease (name, holder, until, renewed_at)
    values (:name, :holder, clock_timestamp() + make_interval(secs => :seconds), clock_timestamp())
    on conflict (name) do update set
        holder = excluded.holder, until = excluded.until, renewed_at = excluded.renewed_at,
        trouble = case when lease.holder = excluded.holder then lease.trouble end
    where lease.holder = excluded.holder or lease.until < clock_timestamp()
    """
)


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True)
class Lease:
    """This process's claim to be the dispatcher."""

    seconds: float = SECONDS
    holder: str = field(default_factory=_holder)

    def take(self, connection: Connection) -> bool:
        """Take or renew the lease; false when another holds it. The row stays locked until the transaction ends."""
        values = {"name": NAME, "holder": self.holder, "seconds": self.seconds}
        return connection.execute(_TAKE, values).rowcount == 1

    def tell(self, connection: Connection, trouble: str | None) -> None:
        """Leave a sentence for whoever asks why nothing is sent, or take it away."""
        connection.execute(
            text("update lease set trouble = :trouble where name = :name and holder = :holder"),
            {"trouble": trouble, "name": NAME, "holder": self.holder},
        )

    def release(self, connection: Connection) -> None:
        """Let the next dispatcher begin at once."""
        connection.execute(
            text("update lease set until = clock_timestamp() where name = :name and holder = :holder"),
            {"name": NAME, "holder": self.holder},
        )
