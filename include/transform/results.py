"""What one `dbt build` tells the tasks of its pipeline: a plan, then what became of each node, then an end.

The build writes these as XComs of its own task (`plan`, `attempt`, `results_1`, `results_2`, ...), whole batches at a
time, so that any number of waiting tasks costs one read per batch. Pure: no Airflow, no dbt.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

PLAN_KEY = "plan"
# The attempt that the plan belongs to: small, because it is read again and again.
ATTEMPT_KEY = "attempt"
# Asked for in place of an XCom's key: the state of the build's task.
STATE = None

# dbt's words for the end of a node (dbt.contracts.results: RunStatus, TestStatus).
BUILT = frozenset({"success", "pass", "warn", "partial success"})
SKIPPED = "skipped"
WARN = "warn"
STARTED = "started"


def batch_key(number: int) -> str:
    """The XCom of the n-th batch of results, counted from 1."""
    return f"results_{number}"


@dataclass(frozen=True)
class Plan:
    """What an attempt of the build sets out to do.

    `attempt` is the try number of the build's task; `nodes` are the unique ids it will look at, each with the unique
    ids of the tests that judge it; `tasks` names the node of each task; `compiled` is the folder of the compiled SQL.
    """

    attempt: int
    nodes: Mapping[str, tuple[str, ...]]
    tasks: Mapping[str, str]
    compiled: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"nodes": {key: list(tests) for key, tests in self.nodes.items()}}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Plan:
        nodes = {key: tuple(tests) for key, tests in raw["nodes"].items()}
        return cls(attempt=int(raw["attempt"]), nodes=nodes, tasks=raw["tasks"], compiled=raw.get("compiled", ""))


@dataclass(frozen=True)
class NodeResult:
    """What dbt says of one node. Times are ISO 8601 in UTC, `seconds` is dbt's own execution time.

    `status` is dbt's word, or STARTED while it runs. `lines` are the node's log lines: (time, level, text).
    """

    unique_id: str
    status: str
    name: str = ""
    message: str = ""
    started_at: str = ""
    finished_at: str = ""
    seconds: float = 0.0
    rows: int | None = None
    failures: int | None = None
    query_id: str = ""
    compiled: str = ""
    lines: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)

    @property
    def over(self) -> bool:
        return self.status != STARTED

    def to_json(self) -> dict[str, Any]:
        """The fields that say something, in JSON's own types: Airflow writes a tuple as something else."""
        said = {key: value for key, value in asdict(self).items() if value not in (None, "", (), 0.0)}
        return said | {"lines": [list(line) for line in self.lines]} if self.lines else said

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> NodeResult:
        lines = tuple((str(line[0]), str(line[1]), str(line[2])) for line in raw.get("lines", ()))
        return cls(**{**raw, "lines": lines})


@dataclass(frozen=True)
class End:
    """How an attempt of the build ended: `complete` when dbt went through everything that was selected."""

    complete: bool
    message: str = ""


def batch(attempt: int, results: Iterable[NodeResult], end: End | None = None) -> dict[str, Any]:
    """One batch as the build writes it; the last one carries the end."""
    written = {"attempt": attempt, "results": [result.to_json() for result in results]}
    return written | {"end": asdict(end)} if end else written


@dataclass
class Build:
    """What is known of a build at this moment: its task's state in Airflow and what its latest attempt has written."""

    state: str | None = None
    plan: Plan | None = None
    results: dict[str, NodeResult] = field(default_factory=dict)
    end: End | None = None
    batches: int = 0

    def refresh(self) -> Generator[str | None, Any, None]:
        """Bring everything up to date: yields what to read (an XCom's key, or STATE), is sent its value or None.

        The state is read before the batches: when it is a final one, everything was written before it.
        """
        self.state = yield STATE
        attempt = yield ATTEMPT_KEY
        if attempt is not None and (self.plan is None or self.plan.attempt != attempt):
            raw = yield PLAN_KEY
            if raw is not None:
                self.plan, self.results, self.end, self.batches = Plan.from_json(raw), {}, None, 0
        yield from self.more()

    def more(self) -> Generator[str, Any, None]:
        """Take in the batches that have been written since: yields keys to read, is sent their values or None."""
        while self.plan is not None and self.end is None:
            raw = yield batch_key(self.batches + 1)
            if raw is None or raw["attempt"] != self.plan.attempt:
                return
            self.batches += 1
            for item in raw["results"]:
                result = NodeResult.from_json(item)
                self.results[result.unique_id] = result
            if "end" in raw:
                self.end = End(**raw["end"])
