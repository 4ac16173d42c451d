"""What every DAG of the platform has in common, so that a DAG file says only what is its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

OWNER = "data"

DAG_DEFAULTS: dict[str, Any] = {
    "start_date": pendulum.datetime(2026, 1, 1, tz="UTC"),
    # A missed hour is not made up for: the next sync moves everything that is new anyway.
    "catchup": False,
    # Two builds of the same tables at once would undo each other.
    "max_active_runs": 1,
    "default_args": {"owner": OWNER, "retries": 1, "retry_delay": timedelta(seconds=10)},
}
