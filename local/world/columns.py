"""Arrow columns for the kinds of value the tables hold, built from NumPy's own memory.

Tables travel to PostgreSQL as CSV written by Arrow, so every exact type is fixed here: money stays decimal, moments
carry their zone, and what never happened is null. Arrow's general converters (`pa.array`, `to_numpy`) are avoided
because their first call imports pandas, which costs more time and memory than everything else at the start.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from local.world.timeline import NEVER


def integers(values: NDArray[np.integer], valid: NDArray[np.bool_] | None = None) -> pa.Array:
    """Integers of the same width; null where not valid."""
    return _from_memory(pa.from_numpy_dtype(values.dtype), values, valid)


def money(cents: NDArray[np.integer]) -> pa.Array:
    """decimal(12, 2) from whole cents."""
    return decimals(cents, 12, 2)


def decimals(units: NDArray[np.integer], precision: int, scale: int) -> pa.Array:
    """decimal(precision, scale) from whole units of its last digit."""
    low = np.asarray(units, dtype=np.int64)
    words = np.stack([low, low >> 63], axis=1)
    return pa.Array.from_buffers(pa.decimal128(precision, scale), len(low), [None, pa.py_buffer(words)])


def moments(data_seconds: NDArray[np.int64], offset: int) -> pa.Array:
    """UTC timestamps of the world from data seconds; NEVER becomes null."""
    happens = data_seconds < NEVER
    return _from_memory(pa.timestamp("s", tz="UTC"), np.where(happens, data_seconds + offset, 0), happens)


def text(values: Sequence[str]) -> pa.Array:
    """Strings, none of them null."""
    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def choices(options: Sequence[str], picks: NDArray[np.integer]) -> pa.Array:
    """Text by index into a few options."""
    return text(options).take(integers(picks))


def numbers(column: pa.ChunkedArray) -> NDArray:
    """The values of a numeric column without nulls; timestamps as integers in their unit."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if pa.types.is_timestamp(array.type):
        array = array.view(pa.int64())
    return np.from_dlpack(array)


def _from_memory(kind: pa.DataType, values: NDArray, valid: NDArray[np.bool_] | None) -> pa.Array:
    validity = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(np.ascontiguousarray(values))])
