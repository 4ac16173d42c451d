"""What the stack holds and where to look, as `make up` prints it at its end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from local.stack import warehouse
from local.stack.layout import Layout


def _counts(title: str, counts: dict[str, int]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, rows in counts.items():
        table.add_row(name, f"{rows:,}")
    return table


def show_summary(layout: Layout, console: Console, seconds: float) -> None:
    """Print rows loaded and built, the time, and the addresses with the way in."""
    loaded = warehouse.row_counts(layout, "RAW")
    built = {
        name: rows for name, rows in warehouse.row_counts(layout, "ANALYTICS").items() if name.startswith("marts.")
    }
    console.print()
    console.print(_counts("Loaded by Airbyte", loaded))
    console.print()
    console.print(_counts("Built by dbt", built))
    console.print()
    console.print(f"Done in {seconds:.0f} s.", highlight=False)
    show_addresses(layout, console)


def show_addresses(layout: Layout, console: Console) -> None:
    """Print where to look and how to get in."""
    # A container's log is kept, and read by others than the terminal's owner.
    password = "in .env" if layout.in_containers else layout.values["AIRFLOW_ADMIN_PASSWORD"]
    layout = layout.published()
    rows = [
        ("Airflow", layout.airflow_url, f"user admin, password {password}"),
        ("Meta layer", f"{layout.airflow_url}/meta-layer/", "what Snowflake does, holds and costs"),
        ("Slack channel", layout.slack_url, ""),
        ("Airbyte API", layout.airbyte_url, "client id and secret in .env"),
        ("Warehouse", f"127.0.0.1:{layout.port('WAREHOUSE_PORT')}", "Snowflake's protocol over TLS, account local"),
    ]
    # Not a table: an address that is cut at the edge of a narrow terminal cannot be clicked.
    for name, address, note in rows:
        console.print(f"{name:<14} {address:<40} {note}".rstrip(), highlight=False, soft_wrap=True)
