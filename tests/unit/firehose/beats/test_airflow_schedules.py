"""What Airflow says of its DAGs, as schedules: cron, assets, intervals, and what nobody can foresee."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.firehose.beats.airflow_schedules import ASK_EVERY, DETAILS_EVERY, AirflowSchedules
from include.firehose.beats.series import Schedule, ScheduleKind, SchedulesUnknown
from include.firehose.reconcile.api import AirflowAway, NotThere

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def asset(name: str) -> dict[str, Any]:
    return {"asset": {"name": name, "uri": f"db://{name}", "group": "asset", "id": 1}}


class Answers:
    """Airflow's answers, as its REST API forms them, and how often it was asked."""

    def __init__(self) -> None:
        self.dags: list[dict[str, Any]] = []
        self.details: dict[str, dict[str, Any]] = {}
        self.assets: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.away = False
        self.complete = True

    def dag(self, dag_id: str, summary: str | None, next_run: str | None = None, **details: Any) -> None:
        self.dags.append(
            {
                "dag_id": dag_id,
                "dag_display_name": dag_id,
                "is_paused": False,
                "timetable_summary": summary,
                "timetable_description": "",
                "next_dagrun_run_after": next_run,
                "owners": ["data"],
                "bundle_version": None,
            }
        )
        self.details[dag_id] = {"timezone": "UTC", "asset_expression": None, **details}

    def written(self, name: str, *dag_ids: str) -> None:
        tasks = [{"dag_id": dag_id, "task_id": "write"} for dag_id in dag_ids]
        self.assets.append({"name": name, "uri": f"db://{name}", "producing_tasks": tasks})

    def get(self, path: str, params: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
        self.asked.append(path)
        dag_id = path.split("/")[2]
        if dag_id not in self.details:
            raise NotThere(path)
        return self.details[dag_id]

    def rows(self, path: str, name: str, /, **params: Any) -> tuple[list[dict[str, Any]], bool]:
        self.asked.append(path)
        if self.away:
            raise AirflowAway("Airflow does not answer.")
        return (self.dags if name == "dags" else self.assets), self.complete


def known(answers: Answers) -> dict[str, Schedule]:
    found = AirflowSchedules(answers, "http://airflow.test", ["UTC", "Europe/Berlin"]).schedules(NOW)
    return {schedule.name: schedule for schedule in found}


@pytest.mark.parametrize("told", ["Europe/Berlin", "UTC"])
def test_a_cron_expression_is_followed_in_the_time_zone_in_which_the_scheduler_follows_it(told: str):
    answers = Answers()
    answers.dag("orders", "0 8 * * *", "2026-11-24T07:00:00Z", timezone=told)
    schedule = known(answers)["orders"]
    assert (schedule.kind, schedule.cron, schedule.timezone) == (ScheduleKind.CRON, "0 8 * * *", "Europe/Berlin")
    assert (schedule.series, schedule.owner) == ("af:dag:orders", "data")
    assert schedule.url == "http://airflow.test/dags/orders"


def test_a_cron_expression_that_leads_elsewhere_than_the_scheduler_says_is_not_followed():
    answers = Answers()
    # In New York, of which nobody has told us.
    answers.dag("orders", "0 8 * * *", "2026-11-24T13:00:00Z")
    schedule = known(answers)["orders"]
    assert (schedule.kind, schedule.period) == (ScheduleKind.CADENCE, None)
    assert schedule.next_run_at == datetime(2026, 11, 24, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("summary", "period"),
    [
        ("2:00:00", timedelta(hours=2)),
        ("1 day, 0:00:00", timedelta(days=1)),
        ("3 days, 12:30:00", timedelta(days=3, hours=12, minutes=30)),
        ("0 6 * * *, 0 18 * * *", None),
        ("4 events", None),
    ],
)
def test_other_timetables_are_expected_where_the_scheduler_announces_them(summary: str, period: timedelta | None):
    answers = Answers()
    answers.dag("orders", summary, "2026-11-23T08:00:00Z")
    schedule = known(answers)["orders"]
    assert (schedule.kind, schedule.period) == (ScheduleKind.CADENCE, period)


@pytest.mark.parametrize("summary", [None, "@once", "@continuous", "5 events"])
def test_a_dag_without_a_next_run_is_expected_by_nobody(summary: str | None):
    answers = Answers()
    answers.dag("orders", summary)
    assert known(answers) == {}


def test_an_asset_scheduled_dag_needs_the_dags_that_write_its_assets():
    answers = Answers()
    answers.written("orders", "storefront")
    answers.written("order_lines", "storefront")
    answers.written("charges", "payments", "payments_backfill")
    answers.dag("marts", "Asset", asset_expression={"all": [asset("orders"), asset("order_lines"), asset("charges")]})
    schedule = known(answers)["marts"]
    assert schedule.needs == (("af:dag:storefront",), ("af:dag:payments", "af:dag:payments_backfill"))


def test_any_of_two_conditions_is_a_choice_in_each():
    answers = Answers()
    for name in "abc":
        answers.written(name, name)
    answers.dag("marts", "Asset", asset_expression={"any": [asset("a"), {"all": [asset("b"), asset("c")]}]})
    assert known(answers)["marts"].needs == (("af:dag:a", "af:dag:b"), ("af:dag:a", "af:dag:c"))


@pytest.mark.parametrize("leaf", [asset("from_outside"), {"alias": {"name": "x", "group": "asset"}}])
def test_what_depends_on_an_asset_from_outside_is_expected_by_nobody(leaf: dict[str, Any]):
    answers = Answers()
    answers.written("a", "a")
    answers.written("from_outside")
    answers.dag("marts", "Asset", asset_expression={"all": [asset("a"), leaf]})
    assert known(answers) == {}


def test_a_dag_with_assets_or_a_time_is_expected_at_its_time():
    answers = Answers()
    answers.dag("orders", "Asset or 0 8 * * *", "2026-11-24T08:00:00Z", asset_expression=asset("a"))
    assert known(answers)["orders"].cron == "0 8 * * *"


def test_a_condition_that_nobody_could_foresee_is_left_out():
    answers = Answers()
    names = [f"asset_{number}" for number in range(20)]
    for name in names:
        answers.written(name, name)
    halves = [{"all": [asset(name) for name in half]} for half in (names[:10], names[10:])]
    answers.dag("marts", "Asset", asset_expression={"any": halves})
    assert known(answers) == {}


def test_a_paused_dag_is_known_as_paused():
    answers = Answers()
    answers.dag("orders", "0 8 * * *", "2026-11-24T08:00:00Z")
    answers.dags[0]["is_paused"] = True
    assert known(answers)["orders"].paused


def test_an_airflow_that_is_away_knows_nothing_rather_than_no_dags():
    answers = Answers()
    answers.away = True
    with pytest.raises(SchedulesUnknown, match="does not answer"):
        known(answers)


def test_a_list_that_changed_while_it_was_read_is_not_believed():
    answers = Answers()
    answers.complete = False
    with pytest.raises(SchedulesUnknown, match="come or gone"):
        known(answers)


def test_a_dag_that_is_gone_before_its_details_are_read_is_left_out():
    answers = Answers()
    answers.dag("orders", "0 8 * * *", "2026-11-24T08:00:00Z")
    answers.details.clear()
    assert known(answers) == {}


def test_airflow_is_asked_every_few_minutes_and_for_details_when_they_may_have_changed():
    answers = Answers()
    answers.dag("orders", "0 8 * * *", "2026-11-24T08:00:00Z")
    source = AirflowSchedules(answers, "http://airflow.test")
    for minute in range(int(ASK_EVERY.total_seconds()) // 60):
        source.schedules(NOW + timedelta(minutes=minute))
    assert answers.asked == ["/dags", "/assets", "/dags/orders/details"]
    source.schedules(NOW + ASK_EVERY)
    assert answers.asked[3:] == ["/dags", "/assets"]
    answers.dags[0]["timetable_summary"] = "0 9 * * *"
    source.schedules(NOW + 2 * ASK_EVERY)
    source.schedules(NOW + 2 * ASK_EVERY + DETAILS_EVERY)
    assert answers.asked.count("/dags/orders/details") == 3
