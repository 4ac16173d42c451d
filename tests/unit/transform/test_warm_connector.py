"""Threads that read their first rows at once: a deadlock in the connector, unless one has read before."""

from __future__ import annotations

import subprocess
import sys

from tests.standins import ROOT

READ_AT_ONCE = """
import io, os, sys, threading
import pyarrow
from include.transform.dbt import warm_connector
from snowflake.connector.arrow_context import ArrowConverterContext
from snowflake.connector.nanoarrow_arrow_iterator import PyArrowRowIterator

sys.setswitchinterval(1e-6)
warm_connector()
kind = {"logicalType": "FIXED", "scale": "0", "precision": "38", "byteLength": "8", "charLength": "0", "finalType": "T"}
schema = pyarrow.schema([pyarrow.field("A", pyarrow.int64(), metadata=kind)])
stream = io.BytesIO()
with pyarrow.ipc.new_stream(stream, schema) as writer:
    writer.write_batch(pyarrow.record_batch([pyarrow.array([1, 2])], schema=schema))
together = threading.Barrier(8)
read = []

def go():
    together.wait()
    context = ArrowConverterContext({"TIMEZONE": "UTC"})
    rows = PyArrowRowIterator(None, stream.getvalue(), context, False, False, False, True)
    read.append(list(rows))

threads = [threading.Thread(target=go, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(30)
print(len(read), read[0], flush=True)
os._exit(0)
"""


def test_eight_threads_read_their_first_rows_at_once() -> None:
    result = subprocess.run([sys.executable, "-c", READ_AT_ONCE], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.stdout.split(" ", 1)[0] == "8", result.stdout + result.stderr[-2000:]
