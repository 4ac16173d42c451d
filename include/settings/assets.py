"""Names and addresses of the platform's assets, so that whoever produces one and whoever waits for it agree.

Airflow refuses two assets with one URI and different names, so both are made here and nowhere else. The URI is the
table's place in Snowflake in the form AIP-60 gives (`snowflake://account/database/schema/table`), which the Snowflake
provider checks.
"""

from __future__ import annotations

from airflow.sdk import Asset

from include.settings import environment

RAW_DATABASE = "RAW"


def _uri(database: str, schema: str, table: str) -> str:
    account = environment.load().get("SNOWFLAKE_ACCOUNT", "local")
    return f"snowflake://{account}/{database.upper()}/{schema.upper()}/{table.upper()}"


def raw_asset(*, source: str, stream: str) -> Asset:
    """The table that Airbyte loads for one stream of a source: `raw.storefront.orders`."""
    return Asset(name=f"raw.{source}.{stream}", uri=_uri(RAW_DATABASE, source, stream), group="raw")


def model_asset(*, database: str, schema: str, name: str) -> Asset:
    """The table or view that dbt builds for one model: `marts.fct_orders`; its group is the schema (the layer)."""
    layer = schema.lower()
    return Asset(name=f"{layer}.{name}", uri=_uri(database, schema, name), group=layer)
