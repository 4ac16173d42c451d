"""SHOW RESOURCE MONITORS: kept and shown as declared; here they stop nothing."""

from typing import TYPE_CHECKING

import pyarrow as pa

from .listings import like, listing

if TYPE_CHECKING:
    from .session import Session

_COLUMNS = (
    "name",
    "credit_quota",
    "used_credits",
    "remaining_credits",
    "level",
    "frequency",
    "start_time",
    "end_time",
    "notify_at",
    "suspend_at",
    "suspend_immediately_at",
    "created_on",
    "owner",
    "comment",
)


def show_monitors(session: "Session", pattern: str | None) -> pa.Table:
    warehouses = session.account.things["WAREHOUSE"].values()
    used = {warehouse.properties.get("RESOURCE_MONITOR") for warehouse in warehouses}
    rows = []
    for monitor in session.account.things["RESOURCE MONITOR"].values():
        if not like(pattern, monitor.name):
            continue
        get = monitor.properties.get
        rows.append(
            (
                monitor.name,
                get("CREDIT_QUOTA"),
                None,
                None,
                "WAREHOUSE" if monitor.name in used else None,
                get("FREQUENCY", "MONTHLY"),
                monitor.created_on,
                None,
                get("NOTIFY_AT"),
                get("SUSPEND_AT"),
                get("SUSPEND_IMMEDIATELY_AT"),
                monitor.created_on,
                monitor.owner,
                monitor.comment,
            )
        )
    return listing(_COLUMNS, rows)
