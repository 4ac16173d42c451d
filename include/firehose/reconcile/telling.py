"""What is asked of Airflow beside a changed row, because it says something that no callback knows.

Adding to an event has its message composed again, so only what is news is asked for: the causes of ends without an
exception, what stands on a failed task, what started a run, and attempts that nobody has told of.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from include.firehose.event import RunState, TaskState
from include.firehose.reconcile import attempts, runs
from include.firehose.reconcile.api import AirflowRest, NotThere, path
from include.firehose.reconcile.attempts import Attempt, News, Told
from include.firehose.reconcile.causes import Causes
from include.firehose.reconcile.runs import DagRun, History, RunNews
from include.firehose.reconcile.structure import KEPT_NAMES, Structures

KEPT_ASSETS = 20
_REMEMBERED = 5000
_ASSET_TRIGGERED = "asset_triggered"
# An exception, and a callback that names it, belong to these.
_UNEXPLAINED = (TaskState.FAILED, TaskState.UP_FOR_RETRY)


class TaskFacts:
    """What is added to the events of task instances."""

    def __init__(self, api: AirflowRest, structures: Structures) -> None:
        self._api = api
        self._structures = structures

    def reader(self) -> Callable[[News, Sequence[Told]], Mapping[str, Any]]:
        """A function from news, and what was told before, to the keys to add.

        One for each page: the audit log is then read after the page, and holds the causes of all that is in it.
        """
        causes = Causes(self._api)

        def added(news: News, before: Sequence[Told]) -> Mapping[str, Any]:
            attempt = news.attempt
            if news.corrects:
                note = causes.of_task(attempt, marked=True)
            elif attempt.state in _UNEXPLAINED and not _explained(attempt, before):
                note = causes.of_task(attempt)
            else:
                note = None
            return {"note": note, **(self._consequences(attempt) if attempt.state is TaskState.FAILED else {})}

        return added

    def _consequences(self, attempt: Attempt) -> dict[str, Any]:
        structure = self._structures.of(attempt.dag_id, attempt.version)
        return {
            "owner": structure.owners.get(attempt.task_id),
            "downstream": structure.downstream(attempt.task_id)[:KEPT_NAMES] or None,
            "not_renewed": structure.not_renewed(attempt.task_id)[:KEPT_NAMES] or None,
        }


class RunFacts:
    """What is added to the events of runs, and the runs that have to be asked for one by one."""

    def __init__(self, api: AirflowRest, structures: Structures) -> None:
        self._api = api
        self._structures = structures

    def reader(self) -> Callable[[RunNews, History], Mapping[str, Any]]:
        """A function from news, and what is known of the run, to the keys to add; one for each page."""
        causes = Causes(self._api)

        def added(news: RunNews, history: History) -> Mapping[str, Any]:
            run = news.run
            if run.state is RunState.RUNNING:
                tasks = self._structures.of(run.dag_id, run.version).following
                return {"task_total": len(tasks) or None, "assets": self._triggers(run)}
            reasoned = any(event.payload.get("reason") for event in history.told if event.event_id == news.event_id)
            asked = news.corrects or (run.state is RunState.FAILED and not reasoned)
            return {"note": causes.of_run(run) if asked else None}

        return added

    def strangers(self, changed: Sequence[Attempt], subjects: set[str]) -> tuple[set[str], list[DagRun]]:
        """Ask for the runs with these subjects: which of them are gone, and how the others stand.

        Without its run's own state a message would say for ever that the run goes on.
        """
        gone, found = set(), []
        for subject, attempt in {attempt.subject: attempt for attempt in changed}.items():
            if subject not in subjects:
                continue
            try:
                run = runs.read(self._api.get(path("dags", attempt.dag_id, "dagRuns", attempt.run_id)))
            except NotThere:
                gone.add(subject)
                continue
            if run is not None:
                found.append(run)
        return gone, found

    def _triggers(self, run: DagRun) -> list[str] | None:
        """Names of the assets that started the run."""
        if run.run_type != _ASSET_TRIGGERED:
            return None
        where = path("dags", run.dag_id, "dagRuns", run.run_id, "upstreamAssetEvents")
        try:
            events = self._api.get(where)["asset_events"]
        except NotThere:
            return None
        return sorted({event["name"] for event in events if event.get("name")})[:KEPT_ASSETS] or None


class Tries:
    """Earlier attempts that no road has told: each is asked for once."""

    def __init__(self, api: AirflowRest) -> None:
        self._api = api
        self._asked: OrderedDict[tuple[str, str, int, int], None] = OrderedDict()

    def lost(self, attempt: Attempt, told: Sequence[Told]) -> list[Attempt]:
        """The earlier attempts of the task instance of which the outbox knows nothing."""
        missing = attempts.missing_tries(attempt, told)
        key = (*attempt.instance, attempt.try_number)
        if not missing or key in self._asked:
            return []
        where = path(
            "dags", attempt.dag_id, "dagRuns", attempt.run_id, "taskInstances", attempt.task_id,
            *([attempt.map_index] if attempt.map_index >= 0 else []), "tries",
        )  # fmt: skip
        try:
            rows = self._api.get(where)["task_instances"]
        except NotThere:
            rows = []
        self._asked[key] = None
        if len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        past = (attempts.read_past(row) for row in rows if row["try_number"] in missing)
        return [found for found in past if found is not None]


def _explained(attempt: Attempt, before: Sequence[Told]) -> bool:
    """Whether an exception was reported with the attempt."""
    return any(event.payload.get("error") for event in before if event.try_number == attempt.try_number)
