"""What the log of a model's task says, and the figures that go with its asset event."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from include.settings import environment
from include.transform.results import BUILT, WARN, NodeResult, Plan
from include.transform.verdict import Call, Verdict

_NUMBERS = {"info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


@dataclass(frozen=True)
class Line:
    """One line of a log: when (ISO 8601, empty: now), how grave, what."""

    time: str
    level: str
    text: str

    @property
    def number(self) -> int:
        """The level as Python's logging counts it."""
        return _NUMBERS.get(self.level, logging.INFO)


def story(verdict: Verdict, plan: Plan | None, *, log_of: str) -> Iterator[Line]:
    """The lines: what dbt said of the model and of its tests, the figures, the verdict, where the rest is."""
    for result in (verdict.node, *verdict.tests):
        if result is not None:
            yield from (Line(*line) for line in result.lines)
            yield Line(result.finished_at, _level(result), _summary(result))
    if verdict.node is not None and plan is not None and plan.compiled:
        yield Line("", "info", f"Compiled SQL: {verdict.node.compiled} under {plan.compiled}")
    level = "error" if verdict.call is Call.FAILED else "warn" if verdict.warnings else "info"
    yield Line("", level, verdict.reason)
    yield Line("", "info", f"The log of the whole build: {log_of}")


def log_url(dag_id: str, run_id: str, task_id: str) -> str:
    """Where a person reads the log of a task."""
    run = quote(run_id, safe="")
    return f"{environment.load().airflow_url}/dags/{dag_id}/runs/{run}/tasks/{task_id}"


def figures(verdict: Verdict) -> dict[str, Any]:
    """What a model's asset event carries: rows (None when the warehouse does not say), seconds, query id, tests."""
    node = verdict.node
    return {
        "rows": node.rows if node else None,
        "seconds": node.seconds if node else None,
        "query_id": node.query_id if node else "",
        "tests": len(verdict.tests),
        "warnings": len(verdict.warnings),
    }


def _level(result: NodeResult) -> str:
    if result.status not in BUILT:
        return "error"
    return "warn" if result.status == WARN else "info"


def _summary(result: NodeResult) -> str:
    parts = [f"{result.name or result.unique_id}: {result.status}"]
    if result.rows is not None:
        parts.append(f"{result.rows} rows")
    if result.failures:
        parts.append(f"{result.failures} failures")
    parts.append(f"{result.seconds:.2f} s")
    if result.query_id:
        parts.append(f"query {result.query_id}")
    if result.message and result.status not in BUILT:
        parts.append(result.message.strip())
    return " · ".join(parts)
