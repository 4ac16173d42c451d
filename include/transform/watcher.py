"""Ends the tasks of models by their build's word, any number of them at once.

Everything goes through Airflow's Execution API, as a worker would do it. What a build publishes is read once for all
tasks of its run. A task stays queued until dbt comes to its model, runs while dbt runs it, and ends with dbt's times,
so that Airflow's charts show what dbt did.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from include.firehose.callbacks import task_event
from include.firehose.event import Event, TaskState
from include.transform.consumer import ANSWERED_KEY
from include.transform.execution_api import ExecutionApi, Start, TaskLost
from include.transform.results import STATE, Build
from include.transform.story import Line, figures, log_url, story
from include.transform.verdict import Call, Verdict, judge
from include.transform.watched import Report, Task

log = logging.getLogger(__name__)

# How often a build is looked at: at once for a few tasks, and each second for hundreds, which end by the dozen.
SHORTEST_POLL_SECONDS = 0.3
LONGEST_POLL_SECONDS = 1.0
POLL_SECONDS_PER_TASK = 0.002
# How often more than the next batch is asked for: the state of the build's task and whether a new attempt has begun.
REFRESH_SECONDS = 2.0
HEARTBEAT_SECONDS = 10.0
# A queued task that nobody takes for long ([scheduler] task_queued_timeout, 600 s) would be failed by the scheduler, so
# it is set running before that, and needs a heartbeat from then on.
QUEUED_SECONDS = 300.0
# A model is built alone only when two looks this far apart agree: between the start of a new attempt of the build and
# the removal of the old attempt's XComs lies a moment in which the old one seems to be running.
SURE_SECONDS = 2.0
# Requests under way at once. More would only wait for each other: they are Python, in one process.
PARALLEL = 4
# Of those, to set tasks running that dbt has come to. When there are more they wait, queued, for the next look: most
# have ended by then. Ends come first, so that no running task waits for its end until its heartbeat is missed.
STARTS = 4


@dataclass
class _Follower:
    """One build and the tasks that wait for its word."""

    build: Build = field(default_factory=Build)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    looks: int = 0
    tasks: int = 0


class Watcher:
    """Runs tasks until each is reported: DONE, ALONE (a worker must build it) or LOST (not ours any more)."""

    def __init__(
        self,
        api: ExecutionApi,
        report: Callable[[Task, str], None],
        write_log: Callable[[Task, Iterable[Line]], None],
        tell: Callable[[Event], None],
    ) -> None:
        self._api = api
        self._report = report
        self._write_log = write_log
        self._tell = tell
        self._followers: dict[tuple[str, str, str], _Follower] = {}
        self._readers: dict[tuple[str, str, str], asyncio.Task[None]] = {}
        self._under_way = asyncio.Semaphore(PARALLEL)
        self._starting = asyncio.Semaphore(STARTS)
        self._started: set[int] = set()

    async def run(self, task: Task) -> None:
        """Watch one task to its end."""
        follower = self._follow(task)
        try:
            await self._run(task, follower)
        except TaskLost as error:
            log.warning("%s %s is no longer ours: %s", task.dag_id, task.task_id, error)
            self._report(task, Report.LOST)
        except Exception:
            log.exception("%s %s could not be watched; a worker takes it.", task.dag_id, task.task_id)
            # A worker can take a task that is still queued; one that was set running is the scheduler's to judge, by
            # its heartbeat.
            self._report(task, Report.LOST if task.running or task.number in self._started else Report.ALONE)
        finally:
            self._started.discard(task.number)
            self._unfollow(task, follower)

    async def _run(self, task: Task, follower: _Follower) -> None:
        answered = 0
        if task.try_number > 1:
            answered = int(await self._api.stored(task.ti_id, ANSWERED_KEY) or 0)
        arrived = beat = time.monotonic()
        start = await self._start(task, _now()) if task.running else None
        alone_since: float | None = None
        seen = -1
        while True:
            verdict = self._judge(task, follower.build, answered) if follower.looks else None
            now = time.monotonic()
            if verdict is not None and verdict.call is Call.ALONE:
                alone_since = alone_since or now
                if now - alone_since >= SURE_SECONDS:
                    break
            elif verdict is not None and verdict.call is not Call.WAIT:
                break
            else:
                alone_since = None
            dbt_runs_it = verdict is not None and verdict.call is Call.WAIT and verdict.node is not None
            wanted = start is None and (dbt_runs_it or now - arrived > QUEUED_SECONDS)
            if wanted and not self._starting.locked():
                started = verdict.started_at if verdict is not None else ""
                async with self._starting:
                    start, beat = await self._start(task, started or _now()), now
            if start is not None and now - beat > HEARTBEAT_SECONDS:
                await self._api.heartbeat(task.ti_id, hostname=task.hostname, pid=task.pid)
                beat = now
            seen = await self._news(follower, seen)
        if verdict.call is Call.ALONE:
            await self._hand_over(task, follower.build, running=start is not None)
            return
        async with self._under_way:
            if start is None:
                start = await self._start(task, verdict.started_at or _now())
            await self._end(task, follower.build, verdict, start)
        self._report(task, Report.DONE)

    def _judge(self, task: Task, build: Build, answered: int) -> Verdict:
        plan = build.plan
        node = plan.tasks.get(task.task_id, "") if plan else ""
        verdict = judge(build, node, try_number=task.try_number, answered=answered)
        # A task that was ended by the build's word ended at dbt's time, to the microsecond: its next try has heard this
        # word. That is cheaper than to write down for each task, in a request of its own, whose word it was.
        heard = bool(verdict.finished_at) and datetime.fromisoformat(verdict.finished_at) == task.ended_before
        if plan is not None and heard:
            return judge(build, node, try_number=task.try_number, answered=plan.attempt)
        return verdict

    async def _news(self, follower: _Follower, seen: int) -> int:
        """Wait until the build has been looked at again, or for a moment."""
        async with follower.news:
            if follower.looks == seen:
                with suppress(TimeoutError):
                    await asyncio.wait_for(follower.news.wait(), timeout=REFRESH_SECONDS)
            return follower.looks

    async def _start(self, task: Task, started_at: str) -> Start:
        start = await self._api.run(
            task.ti_id, hostname=task.hostname, unixname=task.unixname, pid=task.pid, started_at=started_at
        )
        self._started.add(task.number)
        return start

    async def _hand_over(self, task: Task, build: Build, *, running: bool) -> None:
        """Let a worker build the model; it must know that the build's word so far is spent."""
        if build.plan is not None:
            await self._api.store(task.ti_id, ANSWERED_KEY, build.plan.attempt)
        if running:
            # Back to the scheduler, under the same try number; the executor will see it again, queued.
            await self._api.finish(task.ti_id, "up_for_reschedule", reschedule_date=_now(), end_date=_now())
            self._report(task, Report.DONE)
        else:
            self._report(task, Report.ALONE)

    async def _end(self, task: Task, build: Build, verdict: Verdict, start: Start) -> None:
        log_of = log_url(task.dag_id, task.run_id, task.build_task_id)
        self._write_log(task, story(verdict, build.plan, log_of=log_of))
        if build.plan is not None and not verdict.finished_at:
            await self._api.store(task.ti_id, ANSWERED_KEY, build.plan.attempt)
        end_date = verdict.finished_at or _now()
        if verdict.call is Call.SUCCESS:
            state = TaskState.SUCCESS
            await self._api.finish(task.ti_id, state, end_date=end_date, **_outlets(task, verdict))
        else:
            state = TaskState.SKIPPED
            if verdict.call is Call.FAILED:
                state = TaskState.UP_FOR_RETRY if start.retries else TaskState.FAILED
            await self._api.finish(task.ti_id, state, end_date=end_date)
        self._tell(_event(task, verdict, state, max_tries=start.max_tries, ended_at=end_date))

    def _follow(self, task: Task) -> _Follower:
        follower = self._followers.get(task.build_key)
        if follower is None:
            follower = self._followers[task.build_key] = _Follower()
            self._readers[task.build_key] = asyncio.create_task(self._read(task, follower))
        follower.tasks += 1
        return follower

    def _unfollow(self, task: Task, follower: _Follower) -> None:
        follower.tasks -= 1
        if follower.tasks == 0:
            del self._followers[task.build_key]
            self._readers.pop(task.build_key).cancel()

    async def _read(self, task: Task, follower: _Follower) -> None:
        """Look at a build again and again, on behalf of the first task that asked for it."""
        refreshed = 0.0
        while True:
            full = time.monotonic() - refreshed >= REFRESH_SECONDS
            try:
                wanted = follower.build.refresh() if full else follower.build.more()
                await self._feed(task, wanted)
            except TaskLost as error:
                log.warning("The build of %s %s cannot be read: %s", task.dag_id, task.run_id, error)
            except Exception:
                log.exception("The build of %s %s cannot be read; trying again.", task.dag_id, task.run_id)
            if full:
                refreshed = time.monotonic()
            async with follower.news:
                follower.looks += 1
                follower.news.notify_all()
            poll = SHORTEST_POLL_SECONDS + POLL_SECONDS_PER_TASK * follower.tasks
            await asyncio.sleep(min(poll, LONGEST_POLL_SECONDS))

    async def _feed(self, task: Task, wanted: Generator[str | None, Any, None]) -> None:
        place = {"dag_id": task.dag_id, "run_id": task.run_id, "task_id": task.build_task_id}
        try:
            key = next(wanted)
            while True:
                if key is STATE:
                    value = await self._api.state_of(task.ti_id, **place)
                else:
                    value = await self._api.xcom(task.ti_id, key=key, **place)
                key = wanted.send(value)
        except StopIteration:
            return


def _outlets(task: Task, verdict: Verdict) -> dict[str, Any]:
    if task.asset is None:
        return {}
    name, uri = task.asset
    event = {"dest_asset_key": {"name": name, "uri": uri}, "extra": figures(verdict)}
    return {"task_outlets": [{"name": name, "uri": uri, "type": "Asset"}], "outlet_events": [event]}


def _event(task: Task, verdict: Verdict, state: TaskState, *, max_tries: int, ended_at: str) -> Event:
    """What the firehose is told: the same event, under the same id, as from a task that runs its own callbacks."""
    started_at = verdict.started_at or ended_at
    ti = SimpleNamespace(
        dag_id=task.dag_id,
        run_id=task.run_id,
        task_id=task.task_id,
        map_index=task.key[4],
        try_number=task.try_number,
        max_tries=max_tries,
        start_date=datetime.fromisoformat(started_at),
        end_date=datetime.fromisoformat(ended_at),
    )
    context = {
        "ti": ti,
        "run_id": task.run_id,
        "task": SimpleNamespace(
            task_type="DbtModelOperator",
            owner=task.owner,
            firehose_facts=figures(verdict) if verdict.node is not None else {},
        ),
        "exception": DbtFailure(verdict.reason) if verdict.call is Call.FAILED else None,
    }
    return task_event(context, state)


class DbtFailure(Exception):
    """A model or one of its tests failed in dbt."""


def _now() -> str:
    return datetime.now(UTC).isoformat()
