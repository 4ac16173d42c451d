"""The schedules of Airflow's DAGs, as its REST API tells them.

A cron expression is followed by us, so that a scheduler that has stopped does not stop the expectation with it. A
timetable that cannot be followed is expected at the instants that the scheduler itself announces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote

from include.firehose.beats.expected import InvalidSchedule, next_instant
from include.firehose.beats.series import Schedule, ScheduleKind, SchedulesUnknown
from include.firehose.reconcile.api import AirflowAway, AirflowRefused, BadRequest, NotThere, path

# The list is asked for so often; what only a DAG's details say changes with its timetable, and is asked again after
# a while all the same.
ASK_EVERY = timedelta(minutes=5)
DETAILS_EVERY = timedelta(hours=6)
# A condition over more assets than this is nothing that anybody could foresee.
MOST_NEEDS = 64
_DELTA = re.compile(r"(?:(?P<days>\d+) days?, )?(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)(?:\.\d+)?")
_ASSET = "Asset"
_ASSET_OR = "Asset or "
_SECOND = timedelta(seconds=1)

Needs = tuple[tuple[str, ...], ...]


class Rest(Protocol):
    """Airflow's REST API, read-only (reconcile/api.py)."""

    def get(self, path: str, params: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
        """One JSON object."""

    def rows(self, path: str, name: str, /, **params: Any) -> tuple[list[dict[str, Any]], bool]:
        """All rows of a list, and whether they are all."""


@dataclass
class AirflowSchedules:
    """Every DAG that has a schedule, asked for every ASK_EVERY; `url` is where links lead.

    Airflow 3.3 answers UTC for every DAG's time zone, so a cron expression is followed in the first of `timezones` in
    which it leads to the instant that the scheduler announces.
    """

    api: Rest
    url: str
    timezones: Sequence[str] = ("UTC",)
    source: str = "airflow"
    _asked_at: datetime | None = None
    _answer: Sequence[Schedule] = ()
    _details: dict[str, tuple[tuple[Any, ...], datetime, dict[str, Any]]] = field(default_factory=dict)

    def schedules(self, now: datetime) -> Sequence[Schedule]:
        """The schedules of all DAGs. Raises SchedulesUnknown when Airflow does not say."""
        if self._asked_at is None or now - self._asked_at >= ASK_EVERY:
            try:
                self._answer = self._ask(now)
            except (AirflowAway, AirflowRefused, BadRequest) as error:
                raise SchedulesUnknown(str(error)) from error
            self._asked_at = now
        return self._answer

    def _ask(self, now: datetime) -> list[Schedule]:
        dags, all_dags = self.api.rows("/dags", "dags", order_by="dag_id")
        assets, all_assets = self.api.rows("/assets", "assets", order_by="id")
        if not (all_dags and all_assets):
            raise SchedulesUnknown("DAGs or assets have come or gone while Airflow listed them.")
        producers = _producers(assets)
        found = (self._schedule(dag, producers, now) for dag in dags)
        self._details = {dag["dag_id"]: self._details[dag["dag_id"]] for dag in dags if dag["dag_id"] in self._details}
        return [schedule for schedule in found if schedule is not None]

    def _schedule(self, dag: Mapping[str, Any], producers: Mapping[str, list[str]], now: datetime) -> Schedule | None:
        summary = dag.get("timetable_summary")
        if not summary or summary.startswith("@"):
            return None
        try:
            details = self._detailed(dag, now)
        except NotThere:
            return None
        rhythm = _rhythm(summary, dag, details, producers, self.timezones)
        if rhythm is None:
            return None
        dag_id = dag["dag_id"]
        return Schedule(
            series=f"af:dag:{dag_id}",
            name=dag.get("dag_display_name") or dag_id,
            paused=bool(dag.get("is_paused")),
            owner=", ".join(dag.get("owners") or ()),
            url=f"{self.url}/dags/{quote(dag_id, safe='')}",
            **rhythm,
        )

    def _detailed(self, dag: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        version = (dag.get("timetable_summary"), dag.get("timetable_description"), dag.get("bundle_version"))
        known = self._details.get(dag["dag_id"])
        if known is None or known[0] != version or now - known[1] >= DETAILS_EVERY:
            known = (version, now, self.api.get(path("dags", dag["dag_id"], "details")))
            self._details[dag["dag_id"]] = known
        return known[2]


def _rhythm(
    summary: str,
    dag: Mapping[str, Any],
    details: Mapping[str, Any],
    producers: Mapping[str, list[str]],
    timezones: Sequence[str],
) -> dict[str, Any] | None:
    """The fields of the schedule that say when; None when nobody can know."""
    if summary.startswith(_ASSET) and not summary.startswith(_ASSET_OR):
        expected = needs(details.get("asset_expression") or {}, producers)
        return {"kind": ScheduleKind.ASSET, "needs": expected} if expected else None
    announced = _time(dag.get("next_dagrun_run_after"))
    cron = summary.removeprefix(_ASSET_OR)
    for timezone in dict.fromkeys([details.get("timezone") or "UTC", *timezones]):
        if _follows(cron, timezone, announced):
            return {"kind": ScheduleKind.CRON, "cron": cron, "timezone": timezone, "next_run_at": announced}
    if announced is None:
        return None
    return {"kind": ScheduleKind.CADENCE, "period": _period(summary), "next_run_at": announced}


def _follows(cron: str, timezone: str, announced: datetime | None) -> bool:
    """Whether this is a cron expression that leads to the instant which the scheduler announces."""
    if len(cron.split()) != 5:
        return False
    try:
        if announced is None:
            return next_instant(cron, timezone, datetime.fromisoformat("2026-01-01T00:00:00+00:00")) is not None
        return next_instant(cron, timezone, announced - _SECOND) == announced
    except InvalidSchedule:
        return False


def _period(summary: str) -> timedelta | None:
    """`1 day, 0:00:00` as a duration, as a timetable of a timedelta is summed up; None for anything else."""
    found = _DELTA.fullmatch(summary)
    if found is None:
        return None
    return timedelta(**{unit: int(value) for unit, value in found.groupdict().items() if value}) or None


def needs(expression: Mapping[str, Any], producers: Mapping[str, list[str]]) -> Needs:
    """An asset expression as all of: one of these series. Empty when it cannot be foreseen.

    It cannot where an asset is written from outside of Airflow, or named by an alias that only a run resolves.
    """
    if "asset" in expression:
        series = producers.get(_asset_key(expression["asset"]), ())
        return (tuple(series),) if series else ()
    parts = [needs(part, producers) for part in expression.get("all") or expression.get("any") or ()]
    if not parts or not all(parts):
        return ()
    found = parts[0]
    for part in parts[1:]:
        found = _all_of(found, part) if "all" in expression else _any_of(found, part)
        if len(found) > MOST_NEEDS:
            return ()
    return found


def _all_of(one: Needs, other: Needs) -> Needs:
    return tuple(dict.fromkeys((*one, *other)))


def _any_of(one: Needs, other: Needs) -> Needs:
    """a or (b and c) is (a or b) and (a or c)."""
    return tuple(dict.fromkeys(tuple(dict.fromkeys((*left, *right))) for left in one for right in other))


def _producers(assets: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The series that write each asset."""
    return {
        _asset_key(asset): sorted({f"af:dag:{task['dag_id']}" for task in asset.get("producing_tasks") or ()})
        for asset in assets
    }


def _asset_key(asset: Mapping[str, Any]) -> str:
    return f"{asset.get('name')}|{asset.get('uri')}"


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
