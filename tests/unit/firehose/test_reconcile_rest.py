"""What the reconciler asks of Airflow and makes of the answers, against a server that answers what it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from include.firehose.event import TaskState
from include.firehose.reconcile import attempts, runs
from include.firehose.reconcile.api import AirflowAway, AirflowRefused, AirflowRest, BadRequest, NotThere, path
from include.firehose.reconcile.attempts import Attempt, News, Told
from include.firehose.reconcile.causes import Causes
from include.firehose.reconcile.runs import History, RunNews
from include.firehose.reconcile.structure import Structures
from include.firehose.reconcile.telling import RunFacts, TaskFacts, Tries
from tests.scripted_airflow import Airflow, serving
from tests.unit.firehose.test_reconcile_attempts import END, NOW, ROW


@pytest.fixture
def airflow() -> Iterator[Airflow]:
    with serving() as found:
        yield found


@pytest.fixture
def api(airflow: Airflow) -> Iterator[AirflowRest]:
    client = AirflowRest(airflow.url, "reader", "right", seconds=5)
    yield client
    client.close()


def failed(**changes: Any) -> Attempt:
    found = attempts.read({**ROW, **changes})
    assert found is not None
    return found


def entry(event: str, extra: Any = None, **more: Any) -> dict[str, Any]:
    """A row of the audit log, about the attempt of ROW unless it says something else."""
    return {
        "event": event,
        "when": "2026-11-23T06:00:09Z",
        "task_id": "load",
        "map_index": -1,
        "try_number": 1,
        "owner": "airflow",
        "extra": extra if isinstance(extra, str) or extra is None else json.dumps(extra),
        **more,
    }


def log_of(airflow: Airflow, *entries: dict[str, Any]) -> None:
    airflow.answers["/eventLogs"] = [{"event_logs": list(entries), "total_entries": len(entries)}]


def test_a_token_that_has_run_out_is_renewed(airflow: Airflow, api: AirflowRest):
    airflow.answers["/version"] = [{"version": "3"}]
    airflow.tokens = ["one", "two"]
    assert api.get("/version") == {"version": "3"}
    airflow.valid.clear()
    assert api.get("/version") == {"version": "3"}
    assert airflow.tokens == []


def test_a_wrong_password_says_what_to_set(airflow: Airflow):
    with pytest.raises(AirflowRefused, match="refuses the user 'reader': set the user and the password"):
        AirflowRest(airflow.url, "reader", "wrong").get("/version")


def test_a_right_that_is_missing_is_named(airflow: Airflow, api: AirflowRest):
    airflow.answers["/eventLogs"] = [(403, {"detail": "no"})]
    with pytest.raises(AirflowRefused, match="does not let 'reader' read /eventLogs"):
        api.get("/eventLogs")


@pytest.mark.parametrize("answer", [(500, {}), (503, "busy"), (429, {}), (200, "<html>a proxy</html>"), (200, [1])])
def test_an_airflow_that_cannot_work_is_away(airflow: Airflow, api: AirflowRest, answer: tuple[int, Any]):
    airflow.answers["/version"] = [answer]
    with pytest.raises(AirflowAway):
        api.get("/version")


def test_an_airflow_that_is_not_there_is_away():
    with pytest.raises(AirflowAway, match="does not answer"):
        AirflowRest("http://127.0.0.1:1", "reader", "right").get("/version")


def test_what_is_gone_and_what_is_wrong_are_told_apart(airflow: Airflow, api: AirflowRest):
    with pytest.raises(NotThere):
        api.get("/dags/gone")
    airflow.answers["/dags"] = [(422, {"detail": "order_by"})]
    with pytest.raises(BadRequest, match="order_by"):
        api.get("/dags")


def test_ids_are_quoted_in_paths():
    assert path("dags", "~", "dagRuns", "manual__2026-11-23T06:00:00+00:00") == (
        "/dags/~/dagRuns/manual__2026-11-23T06%3A00%3A00%2B00%3A00"
    )
    assert path("dags", "a/b") == "/dags/a%2Fb"


def test_parameters_may_be_given_both_ways_and_none_is_left_out(airflow: Airflow, api: AirflowRest):
    airflow.answers["/dags"] = [{}]
    api.get("/dags", {"limit": 1, "tags": None}, state=["a", "b"])
    assert airflow.asked == [("/dags", {"limit": ["1"], "state": ["a", "b"]})]


def test_a_list_is_read_page_by_page_to_its_end(airflow: Airflow, api: AirflowRest):
    airflow.answers["/things"] = [{"things": [1, 2], "next_cursor": "c"}, {"things": [3], "next_cursor": None}]
    assert list(api.pages("/things", "things", order_by="id")) == [[1, 2], [3]]
    assert [asked.get("cursor") for _, asked in airflow.asked] == [None, ["c"]]


def test_a_list_that_shrank_while_it_was_read_is_not_complete(airflow: Airflow, api: AirflowRest):
    first = {"rows": list(range(100)), "total_entries": 101}
    airflow.answers["/rows"] = [first, {"rows": [100], "total_entries": 101}]
    assert api.rows("/rows", "rows") == (list(range(101)), True)
    airflow.answers["/rows"] = [{**first, "total_entries": 102}, {"rows": [101], "total_entries": 102}]
    assert api.rows("/rows", "rows")[1] is False


def test_a_killed_worker_is_explained(airflow: Airflow, api: AirflowRest):
    log_of(airflow, entry("heartbeat timeout", "no heartbeat within time limit (60.0 seconds) and will be terminated"))
    assert Causes(api).of_task(failed()) == "No heartbeat for 60 s: its worker was killed or lost."
    log_of(
        airflow, entry("state mismatch", "Executor X reported that the task instance finished with state failed, ...")
    )
    assert Causes(api).of_task(failed()) == ("Its process ended (failed) without a word: it was killed from outside.")
    log_of(airflow, entry("stuck in queued tries exceeded"))
    assert Causes(api).of_task(failed()) == "No worker took it from the queue."
    log_of(airflow, entry("fail task"))
    assert Causes(api).of_task(failed()) == "Stopped because its DAG fails fast."


def test_of_several_entries_the_one_that_explains_most_counts(airflow: Airflow, api: AirflowRest):
    log_of(airflow, entry("failed"), entry("state mismatch", ""), entry("heartbeat timeout", "(60 seconds)"))
    assert Causes(api).of_task(failed()) == "No heartbeat for 60 s: its worker was killed or lost."
    mark = entry("patch_task_instance", {"new_state": "failed"}, try_number=None, owner="ada")
    log_of(airflow, entry("heartbeat timeout"), mark)
    assert Causes(api).of_task(failed()) == "Marked failed by ada."
    log_of(airflow, entry("failed"))
    assert Causes(api).of_task(failed()) == (
        "No exception was reported: its process was killed (out of memory?), or the report of it was lost."
    )
    assert Causes(api).of_task(failed(), marked=True) is None


def test_who_marked_a_task_or_its_run_is_named(airflow: Airflow, api: AirflowRest):
    mark = {"map_index": None, "try_number": None, "owner": "ada"}
    log_of(airflow, entry("patch_task_instance", {"new_state": "failed"}, **mark))
    assert Causes(api).of_task(failed(), marked=True) == "Marked failed by ada."
    log_of(airflow, entry("patch_dag_run", {"state": "failed"}, **{**mark, "task_id": None}))
    assert Causes(api).of_task(failed()) == "The run was marked failed by ada."
    run = runs.read({**ROW, "state": "failed", "run_type": "manual"})
    assert run is not None
    assert Causes(api).of_run(run) == "Marked failed by ada."


@pytest.mark.parametrize(
    "other",
    [
        {"task_id": "another"},
        {"try_number": 2},
        {"map_index": 3},
        {"when": "2026-11-23T05:00:00Z"},
        {"event": "patch_task_instance", "extra": '{"new_state": "success"}', "try_number": None},
        {"event": "patch_task_instance", "extra": "not JSON", "try_number": None},
        {"event": "patch_task_instance", "extra": '{"new_state": "failed", "map_index": 3}', "map_index": None},
    ],
)
def test_an_entry_about_something_else_explains_nothing(airflow: Airflow, api: AirflowRest, other: dict[str, Any]):
    log_of(airflow, {**entry("heartbeat timeout"), **other})
    assert Causes(api).of_task(failed()) is None


def test_the_log_of_a_run_is_read_once_for_all_its_tasks(airflow: Airflow, api: AirflowRest):
    log_of(airflow)
    causes = Causes(api)
    assert [causes.of_task(failed(task_id=name)) for name in "abc"] == [None, None, None]
    assert len(airflow.asked) == 1


def dag(airflow: Airflow, *tasks: tuple[str, list[str], str]) -> None:
    rows = [
        {"task_id": name, "downstream_task_ids": after, "trigger_rule": rule, "owner": "ada"}
        for name, after, rule in tasks
    ]
    airflow.answers["/dags/orders/tasks"] = [{"tasks": rows}]
    producer = {"dag_id": "orders", "task_id": "mart"}
    foreign = {"dag_id": "another", "task_id": "mart"}
    airflow.answers["/assets"] = [
        {
            "assets": [
                {"name": "marts.orders", "producing_tasks": [producer]},
                {"name": "of_another", "producing_tasks": [foreign]},
            ],
            "total_entries": 2,
        }
    ]


def test_what_stands_on_a_task_is_all_that_needs_its_success(airflow: Airflow, api: AirflowRest):
    dag(
        airflow,
        ("load", ["stage", "clean_up"], "all_success"),
        ("stage", ["mart"], "all_success"),
        ("mart", [], "none_failed"),
        ("clean_up", ["report"], "all_done"),
        ("report", [], "all_success"),
    )
    structures = Structures(api)
    found = structures.of("orders", "v1")
    assert found.downstream("load") == ["mart", "stage"]
    assert found.not_renewed("load") == ["marts.orders"]
    assert found.downstream("not a task") == []
    structures.of("orders", "v1")
    assert len(airflow.asked) == 2, "a version is read once"
    structures.of("orders", "v2")
    assert len(airflow.asked) == 4


def test_a_dag_that_is_gone_has_no_structure(api: AirflowRest):
    found = Structures(api).of("gone", "v1")
    assert (found.downstream("a"), found.not_renewed("a")) == ([], [])


def test_a_failure_is_told_with_its_cause_and_its_consequences(airflow: Airflow, api: AirflowRest):
    dag(airflow, ("load", ["mart"], "all_success"), ("mart", [], "all_success"))
    log_of(airflow, entry("fail task"))
    told = TaskFacts(api, Structures(api)).reader()
    assert told(News(failed(), "id", END), []) == {
        "note": "Stopped because its DAG fails fast.",
        "owner": "ada",
        "downstream": ["mart"],
        "not_renewed": ["marts.orders"],
    }


def test_a_failure_with_an_exception_needs_no_other_cause_and_a_success_nothing(airflow: Airflow, api: AirflowRest):
    dag(airflow, ("load", [], "all_success"))
    told = TaskFacts(api, Structures(api)).reader()
    error = Told("id", "failed", END, False, 1, {"error": {"type": "KeyError"}})
    assert told(News(failed(), "id", END), [error])["note"] is None
    assert told(News(failed(state="success"), "id", END), []) == {"note": None}
    assert [where for where, _ in airflow.asked if where == "/eventLogs"] == []


def test_a_run_that_starts_names_what_started_it_and_how_many_tasks_it_has(airflow: Airflow, api: AirflowRest):
    dag(airflow, ("load", ["mart"], "all_success"), ("mart", [], "all_success"))
    events = [{"name": "stg.orders"}, {"name": "stg.orders"}, {"name": None}, {"name": "stg.lines"}]
    airflow.answers["/dags/orders/dagRuns/r/upstreamAssetEvents"] = [{"asset_events": events}]
    run = runs.read({**ROW, "state": "running", "end_date": None, "run_type": "asset_triggered"})
    assert run is not None
    told = RunFacts(api, Structures(api)).reader()
    assert told(RunNews(run, "id", END, 0), History()) == {"task_total": 2, "assets": ["stg.lines", "stg.orders"]}


def test_runs_nobody_knows_are_asked_for_and_those_that_are_gone_are_named(airflow: Airflow, api: AirflowRest):
    row = {**ROW, "state": "success", "run_type": "manual"}
    airflow.answers["/dags/orders/dagRuns/r"] = [row]
    known, unknown = failed(), failed(dag_run_id="gone")
    facts = RunFacts(api, Structures(api))
    gone, found = facts.strangers([known, unknown, failed(dag_run_id="seen")], {known.subject, unknown.subject})
    assert gone == {"af:run:orders:gone"}
    assert [run.subject for run in found] == ["af:run:orders:r"]


def test_lost_tries_are_asked_for_once(airflow: Airflow, api: AirflowRest):
    past = [{**ROW, "try_number": number, "max_tries": 2} for number in (1, 2, 3)]
    airflow.answers["/dags/orders/dagRuns/r/taskInstances/load/tries"] = [{"task_instances": past}]
    third = failed(try_number=3, max_tries=2)
    tries = Tries(api)
    told = [Told("first", "up_for_retry", END, False, 1)]
    assert [(found.try_number, found.state) for found in tries.lost(third, told)] == [(2, TaskState.UP_FOR_RETRY)]
    assert tries.lost(third, told) == []
    assert len(airflow.asked) == 1


def test_tries_of_a_mapped_instance_are_asked_for_by_its_index(airflow: Airflow, api: AirflowRest):
    Tries(api).lost(failed(try_number=2, map_index=7), [])
    assert airflow.asked[0][0] == "/dags/orders/dagRuns/r/taskInstances/load/7/tries"


def test_the_clock_is_airflow_s(airflow: Airflow, api: AirflowRest):
    airflow.answers["/version"] = [{}]
    api.get("/version")
    assert api.now.tzinfo is not None
    assert api.now.microsecond == 0, "taken from the answer's Date"
    assert api.now != NOW
