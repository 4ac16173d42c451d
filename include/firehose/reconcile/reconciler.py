"""Make the outbox say what Airflow says: read what has changed, and write whatever no other road has reported.

Of the ends of tasks, callbacks hear about half: not those that the scheduler skips, not a killed worker, not what a
person sets in the web UI. All of them are rows of Airflow with a time of their last change, so polling by that time
misses none. (By the end date it would: a run that times out leaves its tasks without one.)

Asset events are not read: what they carry (rows, bytes) comes with the end of the task that emitted them, and the runs
they start say so themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from include.firehose import outbox as events_of
from include.firehose.event import Event, Road, RunState
from include.firehose.reconcile import attempts, ledger, runs
from include.firehose.reconcile.api import AirflowAway, AirflowRest
from include.firehose.reconcile.files import BrokenFiles
from include.firehose.reconcile.health import Health
from include.firehose.reconcile.runs import DagRun
from include.firehose.reconcile.structure import Structures
from include.firehose.reconcile.telling import RunFacts, TaskFacts, Tries
from include.firehose.watermarks import move_watermark, watermark

log = logging.getLogger(__name__)

SOURCE, COMPARISON = "airflow", "airflow.comparison"
# A row gets its time before its transaction is committed, and the machines' clocks differ.
OVERLAP = timedelta(seconds=120)
# On the first start the channel is not told the history of the world.
FIRST_LOOK = timedelta(hours=24)
# Once a night everything is compared that could still matter.
LOOK_BACK = timedelta(hours=48)
COMPARISON_HOUR = 2
BATCH = 100
_FINAL = ["success", "failed", "skipped", "upstream_failed", "removed", "up_for_retry"]
_Item = TypeVar("_Item")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Reconciler:
    """The reader of Airflow. One process of the firehose has one and calls `round` every few seconds.

    `clock` is asked only while Airflow does not answer; otherwise Airflow's own clock counts.
    """

    def __init__(self, outbox: Engine, api: AirflowRest, *, clock: Callable[[], datetime] = _utc_now) -> None:
        self._outbox = outbox
        self._api = api
        self._clock = clock
        self._tries = Tries(api)
        structures = Structures(api)
        self._task_facts = TaskFacts(api, structures)
        self._run_facts = RunFacts(api, structures)
        self._new = 0
        self._forget()

    def round(self) -> int:
        """Read once what has changed; returns how many events were new to the outbox.

        An Airflow that is away is a fact, not an error. Raises AirflowRefused when the account may not read, and
        SQLAlchemy's errors when the outbox does not answer; the next round repeats what this one has not finished.
        """
        self._new = 0
        try:
            self._round()
        except SQLAlchemyError:
            # What was found out may not have been written: it is read from the outbox again.
            self._forget()
            raise
        return self._new

    def _forget(self) -> None:
        self._health = Health()
        self._files = BrokenFiles()

    def _round(self) -> None:
        with self._outbox.begin() as connection:
            self._health.load(connection)
            self._files.load(connection)
        try:
            health = self._api.get("/monitor/health")
        except AirflowAway as error:
            log.warning("%s", error)
            self._write(self._health.silent(self._clock()))
            return
        self._write(self._health.answered(health, self._api.now))
        try:
            self._changes(self._api.now)
            rows, complete = self._api.rows("/importErrors", "import_errors", order_by="import_error_id")
            self._write(self._files.news(rows, self._api.now, complete=complete))
        except AirflowAway as error:
            log.warning("%s The next round reads it again.", error)

    def _changes(self, now: datetime) -> None:
        """Runs and task instances that have changed since the last round."""
        with self._outbox.begin() as connection:
            read_to = watermark(connection, SOURCE)
            compared_at = watermark(connection, COMPARISON)
        due = comparison_due(compared_at, now)
        since = look_from(read_to, now, comparing=due)
        rows = self._api.pages("/dags/~/dagRuns", "dag_runs", updated_at_gte=since.isoformat(), order_by="id")
        changed = [run for page in rows for row in page if (run := runs.read(row))]
        self._runs([run for run in changed if run.state is RunState.RUNNING], now)
        seen = {run.subject for run in changed}
        pages = self._api.pages(
            "/dags/~/dagRuns/~/taskInstances",
            "task_instances",
            updated_at_gte=since.isoformat(),
            state=_FINAL,
            order_by="id",
        )
        for page in pages:
            self._tasks([attempt for row in page if (attempt := attempts.read(row))], seen, now)
        # After the tasks, so that a run that has ended is told with all of them.
        self._runs([run for run in changed if run.state is not RunState.RUNNING], now)
        with self._outbox.begin() as connection:
            move_watermark(connection, SOURCE, now)
            if due or compared_at is None:
                move_watermark(connection, COMPARISON, now)

    def _runs(self, changed: Sequence[DagRun], now: datetime) -> None:
        for batch in _batches(changed):
            with self._outbox.begin() as connection:
                known = ledger.runs(connection, {run.subject for run in batch})
            found = [news for run in batch if (news := runs.news(run, known[run.subject], now))]
            told = self._run_facts.reader()
            self._write([news.event(told(news, known[news.run.subject])) for news in found])

    def _tasks(self, changed: Sequence[attempts.Attempt], seen: set[str], now: datetime) -> None:
        """Tell a page of task instances, and the runs of which the outbox knows nothing yet."""
        with self._outbox.begin() as connection:
            known = ledger.tasks(connection, changed)
            strangers = ledger.without_run(connection, {attempt.subject for attempt in changed} - seen)
        gone, found_runs = self._run_facts.strangers(changed, strangers)
        seen.update(run.subject for run in found_runs)
        mine = [attempt for attempt in changed if attempt.subject not in gone]
        mine += [past for attempt in mine for past in self._tries.lost(attempt, known.get(attempt.instance, ()))]
        told = self._task_facts.reader()
        events = []
        for attempt in mine:
            before: Sequence[attempts.Told] = known.get(attempt.instance, ())
            if news := attempts.news(attempt, before, now):
                events.append(news.event(told(news, before)))
        self._runs([run for run in found_runs if run.state is RunState.RUNNING], now)
        self._write(events)
        self._runs([run for run in found_runs if run.state is not RunState.RUNNING], now)

    def _write(self, events: Sequence[Event]) -> None:
        """Store the events, in batches."""
        for batch in _batches(events):
            with self._outbox.begin() as connection:
                new = events_of.store(connection, batch, Road.REST)
            self._new += new


def comparison_due(compared_at: datetime | None, now: datetime) -> bool:
    """Whether the night's comparison is due: at 02:00 UTC, or later when nobody was there at that hour."""
    if compared_at is None:
        return False
    night = now.astimezone(UTC).replace(hour=COMPARISON_HOUR, minute=0, second=0, microsecond=0)
    if night > now:
        night -= timedelta(days=1)
    return compared_at < night


def look_from(read_to: datetime | None, now: datetime, *, comparing: bool) -> datetime:
    """From which time of change on Airflow is asked."""
    if read_to is None:
        return now - FIRST_LOOK
    since = read_to - OVERLAP
    return min(since, now - LOOK_BACK) if comparing else since


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
