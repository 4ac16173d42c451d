"""The warehouse from the stack's side: make its roles, warehouses and databases, and count what is in it."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from local.stack.layout import ROOT, Layout

if TYPE_CHECKING:
    from snowflake.connector.connection import SnowflakeConnection

# The connector's copy of requests warns about the versions of libraries that it does not use here.
warnings.filterwarnings("ignore", message=".*doesn't match a supported version")

BOOTSTRAP = ROOT / "deploy" / "snowflake"


@contextlib.contextmanager
def connect(layout: Layout, role: str) -> Iterator[SnowflakeConnection]:
    """A connection to the local warehouse, with the certificate roots that the stack's programs use."""
    for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        os.environ[variable] = str(layout.ca_bundle)
    logging.getLogger("snowflake.connector").setLevel(logging.ERROR)
    # A second of start-up that `make status` does not need.
    import snowflake.connector

    connection = snowflake.connector.connect(
        account="local",
        host=layout.host("WAREHOUSE"),
        port=layout.port("WAREHOUSE_PORT"),
        user="stack",
        password=layout.values["SNOWFLAKE_PASSWORD"],
        role=role,
        login_timeout=30,
    )
    try:
        yield connection
    finally:
        connection.close()


def bootstrap(layout: Layout) -> None:
    """Make the account's roles, warehouses, databases, grants and users."""
    with connect(layout, "ACCOUNTADMIN") as connection:
        run_bootstrap(connection)


def run_bootstrap(connection: SnowflakeConnection) -> None:
    """Run the files of deploy/snowflake in their order; harmless when everything is there."""
    for file in sorted(BOOTSTRAP.glob("*.sql")):
        connection.execute_string(file.read_text(), remove_comments=True, return_cursors=False)


def row_counts(layout: Layout, database: str) -> dict[str, int]:
    """Rows of every table of a database, by `schema.table` in lower case.

    From the catalog: counting them would be reading them, and the meta layer says what nobody reads.
    """
    with connect(layout, "SYSADMIN") as connection, connection.cursor() as cursor:
        cursor.execute(
            f"select table_schema, table_name, row_count from {database}.information_schema.tables "
            "where table_schema <> 'INFORMATION_SCHEMA' and table_type = 'BASE TABLE' order by 1, 2"
        )
        return {f"{schema}.{table}".lower(): int(rows) for schema, table, rows in cursor.fetchall()}
