"""`dbt build` inside this process, on a manifest that is already parsed.

A call of dbt's command line spends seconds before its first statement: it imports dbt, reads every file of the project
to see whether one has changed, and writes its artifacts. Here the manifest that `make manifest` has parsed is loaded
as it is (dbt's own `dbtRunner(manifest=...)`), as long as neither the project's files nor the variables that shape it
have changed since; otherwise dbt parses, so that an edited model takes effect without a restart.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from include.settings import paths
from include.transform import manifest as prebuilt
from include.transform import query_tag as tags

log = logging.getLogger(__name__)

# Marks the nodes of one call in the manifest in memory: one selector, where a list of names would be compared with
# every node of the project, name by name.
MARK = "backbeat_selected"

QUIET = ["--no-use-colors", "--log-level-file", "none", "--no-send-anonymous-usage-stats"]
# Unit tests judge code, not data: they run where code changes (`make test`), not each hour.
BUILD = [
    *("--indirect-selection", "buildable"),
    *("--exclude-resource-type", "unit_test"),
    "--cache-selected-only",
    "--no-write-json",
]


# Airflow kills a task five seconds after it asked it to stop.
KILL_SECONDS = 4.0


class DbtError(Exception):
    """dbt ended before it had gone through what was selected."""


@dataclass(frozen=True)
class Outcome:
    """The end of a call that dbt went through to its end: how many nodes and tests ended with each of dbt's words."""

    counts: dict[str, int]

    @property
    def failed(self) -> int:
        """Nodes and tests that failed."""
        return self.counts.get("error", 0) + self.counts.get("fail", 0)

    def __str__(self) -> str:
        return ", ".join(f"{count} {status}" for status, count in sorted(self.counts.items())) or "nothing selected"


def build(
    nodes: Iterable[str],
    *,
    target: Path,
    wanted: str = "",
    full_refresh: bool = False,
    query_tag: str = "",
    heard: Callable[[Any], None] | None = None,
) -> Outcome:
    """Build and test the nodes (unique ids), or those of them that dbt's selection `wanted` names as well.

    `target` is where the compiled SQL goes; `query_tag` marks the sessions in the warehouse (query_tag.py); `heard` is
    called with each of dbt's events, from dbt's threads. Raises DbtError when dbt breaks off: a project that does not
    parse, no connection. A model or test that fails is no error of the call; the outcome counts it.
    """
    from cosmos.dbt.project import environ
    from dbt.adapters.factory import reset_adapters
    from dbt.cli.main import dbtRunner

    warm_connector()
    manifest = load_manifest(target)
    _mark(manifest, set(nodes))
    selectors = [f"tag:{MARK},{part}" for part in wanted.split()] or [f"tag:{MARK}"]
    command = [*QUIET, "build", "--select", *selectors, *BUILD, *_folders(target)]
    if full_refresh:
        command.append("--full-refresh")
    runner = dbtRunner(manifest=manifest, callbacks=[heard] if heard else [])
    try:
        with environ({tags.VARIABLE: query_tag} if query_tag else {}):
            result = runner.invoke(command)
    finally:
        # Its locks, left to the end of the process, are reported as leaks in the task's log.
        reset_adapters()
        gc.collect()
    if result.exception is not None:
        raise DbtError(broken_off(result.exception)) from result.exception
    counts: dict[str, int] = {}
    for item in getattr(result.result, "results", None) or ():
        word = str(item.status)
        counts[word] = counts.get(word, 0) + 1
    return Outcome(counts)


def broken_off(error: BaseException) -> str:
    """Why dbt ended early, and what to do where that is known, in one line: the channel shows one."""
    from dbt.adapters.exceptions import FailedToConnectError

    said = " ".join(str(error).split())
    if isinstance(error, FailedToConnectError):
        return (
            "dbt does not reach Snowflake: correct SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER and its key or password, and see "
            f"that the network lets it through. ({said})"
        )
    return f"dbt broke off: {said}"


@lru_cache(maxsize=1)
def warm_connector() -> None:
    """Read one row with the Snowflake connector's native reader, while this process has one thread to read with.

    The reader (snowflake-connector-python 4.8, nanoarrow_arrow_iterator) sets itself up at its first use, holding a
    lock of C++ while it calls into Python; a second thread that comes in between waits for that lock with Python's own
    in its hand, and both wait for ever. dbt's threads all read their first rows at once.
    """
    import io

    import pyarrow
    from snowflake.connector.arrow_context import ArrowConverterContext
    from snowflake.connector.nanoarrow_arrow_iterator import PyArrowRowIterator

    kind = {"logicalType": "FIXED", "scale": "0", "precision": "38", "byteLength": "8", "charLength": "0"}
    schema = pyarrow.schema([pyarrow.field("ONE", pyarrow.int64(), metadata={**kind, "finalType": "T"})])
    stream = io.BytesIO()
    with pyarrow.ipc.new_stream(stream, schema) as writer:
        writer.write_batch(pyarrow.record_batch([pyarrow.array([1])], schema=schema))
    context = ArrowConverterContext({"TIMEZONE": "UTC"})
    list(PyArrowRowIterator(None, stream.getvalue(), context, False, False, False, True))


def cancel_queries_soon() -> None:
    """Cancel what this process's dbt is running in the warehouse.

    For an operator's `on_kill`, which runs inside a signal handler: a thread does it, and waiting is bounded.
    """
    thread = threading.Thread(target=_cancel_queries, daemon=True)
    thread.start()
    thread.join(KILL_SECONDS)


def _cancel_queries() -> None:
    from dbt.adapters.factory import FACTORY

    adapters: list[Any] = list(FACTORY.adapters.values())
    for adapter in adapters:
        for name in adapter.cancel_open_connections():
            log.info("Cancelled the query of %s.", name)


def load_manifest(target: Path) -> Any:
    """dbt's manifest object: the prebuilt one while it is current, otherwise parsed now, into `target`.

    Raises DbtError when the project does not parse.
    """
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    if prebuilt.is_current():
        manifest = Manifest.from_msgpack(prebuilt.PARSED.read_bytes())
        manifest.build_flat_graph()
        return manifest
    log.warning("The dbt project has changed since `make manifest`: parsing it. New models show once it is run again.")
    # Into a folder of its own: several builds may parse at once.
    warm = ["--partial-parse-file-path", str(prebuilt.PARSED)] if prebuilt.PARSED.exists() else []
    result = dbtRunner().invoke([*QUIET, "--quiet", *warm, "parse", *_folders(target)])
    if not result.success:
        raise DbtError(f"The dbt project does not parse: {result.exception}")
    return result.result


def _mark(manifest: Any, nodes: set[str]) -> None:
    known = nodes & manifest.nodes.keys()
    if missing := sorted(nodes - known):
        log.warning("The dbt project has no longer: %s", ", ".join(missing))
    for key in known:
        node = manifest.nodes[key]
        node.tags = [*node.tags, MARK]


def _folders(target: Path) -> Sequence[str]:
    project = str(paths.DBT_PROJECT)
    folders = {"project-dir": project, "profiles-dir": project, "target-path": str(target), "log-path": str(target)}
    return [part for name, folder in folders.items() for part in (f"--{name}", folder)]
