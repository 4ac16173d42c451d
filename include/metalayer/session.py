"""A session of the meta layer's own in Snowflake: its user, its warehouse, UTC, tagged with what it is for.

The stock SnowflakeHook does the connecting, so that keys, proxies and private links are configured as for any other
connection of Airflow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from include.settings.connections import SNOWFLAKE_META

if TYPE_CHECKING:
    # The hook and the connector cost a second to import; whoever parses a DAG needs neither.
    from snowflake.connector import SnowflakeConnection

# A question that takes longer is a question to mend; META_WH must not run on for it.
STATEMENT_SECONDS = 300


@contextmanager
def connect(purpose: str, *, connection_id: str = SNOWFLAKE_META) -> Iterator[SnowflakeConnection]:
    """A session whose statements carry `purpose` (the name of a question) in their QUERY_TAG.

    Raises what the hook and the connector raise; `refusal.refusal` puts that into words.
    """
    from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook

    hook = SnowflakeHook(snowflake_conn_id=connection_id, session_parameters=parameters(purpose))
    with closing(hook.get_conn()) as connection:
        yield connection


def parameters(purpose: str) -> dict[str, str | int]:
    """The session's parameters. Metering hours and the 10 % rule of cloud services are UTC, so everything is."""
    return {
        "QUERY_TAG": json.dumps({"app": "meta", "question": purpose}),
        "TIMEZONE": "UTC",
        "STATEMENT_TIMEOUT_IN_SECONDS": STATEMENT_SECONDS,
    }
