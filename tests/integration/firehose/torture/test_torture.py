"""Whatever becomes of a task, Airflow's word and the outbox's are the same, and each end is told once."""

from __future__ import annotations

import os
import signal
from collections import Counter
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from include.firehose.event import Kind, RunState, TaskState, run_subject
from include.firehose.run import fold
from tests.integration.firehose.torture.lab import Torture
from tests.integration.stack import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(1800)]

EXPECTED = {
    "ok": "success",
    "branch": "success",
    "chosen": "success",
    # Skipped by the branch, and then marked in the web UI.
    "not_chosen": "success",
    "short_circuit": "success",
    "behind_short_circuit": "skipped",
    "mapped[0]": "success",
    "mapped[1]": "success",
    "mapped[2]": "failed",
    "not_reached": "upstream_failed",
    "times_out": "failed",
    "retries_then_fails": "failed",
    "retries_then_works": "success",
    "skips": "skipped",
    "child_killed": "failed",
    "marked_failed": "failed",
    "has_a_slow_callback": "success",
    "ends_in_the_triggerer": "success",
}


@dataclass(frozen=True)
class Runs:
    torture: str
    killed: str
    overtime: str

    def each(self) -> list[tuple[str, str]]:
        return [("torture", self.torture), ("killed", self.killed), ("overtime", self.overtime)]


def kill(process: psutil.Process) -> None:
    os.kill(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def runs(lab: Torture) -> Runs:
    """The runs of the torture, when each has ended and the reconciler has seen it."""
    with lab.reconciling():
        begun = Runs(*(lab.begin(dag_id) for dag_id in ("torture", "killed", "overtime")))
        victim = lab.wait_running("killed", begun.killed, "both_killed")
        (supervisor,) = lab.processes(f"LocalExecutor: {victim['id']}")
        (child,) = lab.processes(f"worker -- {victim['id']}")
        kill(supervisor)
        kill(child)
        victim = lab.wait_running("torture", begun.torture, "child_killed")
        for process in lab.processes(f"worker -- {victim['id']}"):
            kill(process)
        lab.wait_running("torture", begun.torture, "marked_failed")
        lab.mark("torture", begun.torture, "marked_failed", "failed")
        wait_for(lambda: states(lab, "torture", begun.torture)["not_chosen"] == "skipped", "the branch to skip", 180)
        wait_for(
            lambda: "not_chosen:-1:0:skipped" in " ".join(told(lab, "torture", begun.torture)),
            "the skip to be told",
            60,
        )
        lab.mark("torture", begun.torture, "not_chosen", "success")
        for dag_id, run_id in begun.each():
            lab.wait(dag_id, run_id, seconds=400)
        seen = len(lab.rounds)
        wait_for(lambda: len(lab.rounds) >= seen + 2, "two more rounds", 120)
    return begun


def states(lab: Torture, dag_id: str, run_id: str) -> dict[str, str | None]:
    """Airflow's own word, by the name of the task instance."""
    return {
        row["task_id"] if row["map_index"] < 0 else f"{row['task_id']}[{row['map_index']}]": row["state"]
        for row in lab.api.tasks(dag_id, run_id)
    }


def told(lab: Torture, dag_id: str, run_id: str) -> list[str]:
    return [event.event_id for event in lab.events(dag_id, run_id)]


def test_check_01_every_end_by_airflow_is_the_outbox_s_and_told_once(lab: Torture, runs: Runs):
    assert states(lab, "torture", runs.torture) == EXPECTED
    for dag_id, run_id in runs.each():
        events = lab.events(dag_id, run_id)
        run = fold(events)
        assert {task.name: task.state.value for task in run.tasks} == states(lab, dag_id, run_id)
        assert run.state.value == lab.api.run(dag_id, run_id)["state"]
        ends = Counter(
            (event.payload["task_id"], event.payload["map_index"], event.payload["try_number"], event.payload["state"])
            for event in events
            if event.kind is Kind.TASK
        )
        assert set(ends.values()) == {1}, ends
        endings = [e for e in events if e.kind is Kind.RUN and e.payload["state"] != RunState.RUNNING]
        assert len(endings) == 1, endings


def test_check_01_every_end_is_counted_in_one_message_for_each_run(lab: Torture, runs: Runs):
    def complete() -> bool:
        return not lab.rows("select from event where composed_at is null") and not lab.rows(
            "select from delivery where state <> 'sent'"
        )

    wait_for(complete, "everything to be sent", 120)
    for dag_id, run_id in runs.each():
        text = lab.message(dag_id, run_id)["text"]
        assert text.startswith(f"✕ {dag_id} "), text
    assert " 18/18 " in lab.message("torture", runs.torture)["text"]


def test_check_02_two_callbacks_of_a_killed_worker_are_one_message_that_says_no_heartbeat(lab: Torture, runs: Runs):
    events = [event for event in lab.events("killed", runs.killed) if event.kind is Kind.TASK]
    assert [event.payload["state"] for event in events] == ["failed"]
    assert events[0].payload["note"] == "No heartbeat for 60 s: its worker was killed or lost."
    assert "error" not in events[0].payload
    (row,) = lab.rows("select seen_via from event where event_id = %s", events[0].event_id)
    assert set(row["seen_via"]) == {"callback", "rest"}
    assert "both_killed: No heartbeat" in lab.message("killed", runs.killed)["text"]


def test_what_the_callbacks_do_not_hear_comes_by_rest_alone(lab: Torture, runs: Runs):
    rows = lab.rows(
        "select payload->>'task_id' as task, seen_via from event where subject_key = %s and kind = 'airflow.task'",
        f"af:run:torture:{runs.torture}",
    )
    alone = {row["task"] for row in rows if row["seen_via"] == ["rest"]}
    assert alone >= {"behind_short_circuit", "not_reached", "chosen", "not_chosen", "child_killed", "marked_failed"}
    assert not alone & {"ok", "skips", "times_out", "retries_then_fails"}


def test_the_end_of_every_run_is_heard_from_the_scheduler_and_found_again_by_rest(lab: Torture, runs: Runs):
    for dag_id, run_id in runs.each():
        rows = lab.rows(
            "select seen_via from event"
            " where kind = 'airflow.run' and subject_key = %s and payload->>'state' = 'failed'",
            f"af:run:{dag_id}:{run_id}",
        )
        assert [set(row["seen_via"]) for row in rows] == [{"listener", "rest"}], dag_id


def test_a_failure_says_what_stands_on_it_and_who_caused_it(lab: Torture, runs: Runs):
    failed = {
        (event.payload["task_id"], event.payload["map_index"]): event.payload
        for event in lab.events("torture", runs.torture)
        if event.kind is Kind.TASK and event.payload["state"] == TaskState.FAILED
    }
    assert failed["mapped", 2]["downstream"] == ["not_reached"]
    assert failed["mapped", 2]["not_renewed"] == ["torture_result"]
    assert failed["mapped", 2]["error"]["text"] == "three"
    assert failed["marked_failed", -1]["note"] == "Marked failed by admin."
    assert failed["child_killed", -1]["note"].startswith("No exception was reported: its process was killed")
    assert all(("error" in payload) != ("note" in payload) for payload in failed.values())


def test_a_mark_says_who_set_it(lab: Torture, runs: Runs):
    (mark,) = [
        event.payload
        for event in lab.events("torture", runs.torture)
        if event.payload.get("task_id") == "not_chosen" and event.payload["state"] == "success"
    ]
    assert mark["note"] == "Marked success by admin."


def test_a_run_that_takes_too_long_leaves_no_task_waiting(lab: Torture, runs: Runs):
    run = fold(lab.events("overtime", runs.overtime))
    assert {task.name: task.state for task in run.tasks} == {"runs": TaskState.SKIPPED, "waits": TaskState.SKIPPED}
    assert (run.state, run.reason) == (RunState.FAILED, "timed_out")


def test_a_run_that_is_cleared_is_told_again_and_nothing_twice(lab: Torture, runs: Runs):
    first = set(told(lab, "torture", runs.torture))
    with lab.reconciling():
        lab.clear(runs.torture, "mapped", dag_id="torture", downstream=True)
        lab.wait("torture", runs.torture, seconds=200)
        seen = len(lab.rounds)
        wait_for(lambda: len(lab.rounds) >= seen + 2, "two more rounds", 120)
    subject = f"af:run:torture:{runs.torture}"
    new = set(told(lab, "torture", runs.torture)) - first
    # A run that is over before the next round has no start to tell.
    of_the_run = {event_id for event_id in new if event_id.startswith(subject)} - {f"{subject}:running:r1"}
    assert of_the_run == {f"{subject}:failed:r1"}
    prefix = f"af:ti:torture:{runs.torture}:mapped"
    assert {event_id for event_id in new if event_id.startswith(prefix)} == {
        f"{prefix}:0:2:success",
        f"{prefix}:1:2:success",
        f"{prefix}:2:2:failed",
    }
    assert states(lab, "torture", runs.torture) == {
        task.name: task.state.value for task in fold(lab.events("torture", runs.torture)).tasks
    }


def test_a_run_that_nobody_saw_is_told_from_what_airflow_keeps_of_it(lab: Torture, runs: Runs):
    """The callbacks' database was away, the spool was lost: all of it comes from the REST API, retries included."""
    kept = {event_id for event_id in told(lab, "torture", runs.torture) if ":retries_" in event_id}
    lab.rows("delete from event where subject_key = %s", f"af:run:torture:{runs.torture}")
    lab.rows("delete from cursor")
    lab.reconciler().round()
    again = {event_id for event_id in told(lab, "torture", runs.torture) if ":retries_" in event_id}
    assert again == kept
    assert states(lab, "torture", runs.torture) == {
        task.name: task.state.value for task in fold(lab.events("torture", runs.torture)).tasks
    }


def test_a_dag_file_that_breaks_is_told_until_it_is_mended(lab: Torture):
    before = episodes(lab, "airflow.dag_file")
    file = lab.state.parent / "lab" / "dags" / "mending.py"
    with lab.reconciling():
        file.write_text("from airflow.sdk import DAG\nimport a_module_that_is_not_there\n")
        wait_for(lambda: len(episodes(lab, "airflow.dag_file")) > len(before), "the broken file to be told", 180)
        (broken,) = episodes(lab, "airflow.dag_file")[len(before) :]
        file.write_text("from airflow.sdk import DAG\n\nDAG('mending', schedule=None)\n")
        wait_for(lambda: len(episodes(lab, "airflow.dag_file")) > len(before) + 1, "the mended file to be told", 180)
    assert (broken["state"], broken["file"]) == ("broken", "mending.py")
    assert broken["error"] == "ModuleNotFoundError: No module named 'a_module_that_is_not_there'"
    assert [told["state"] for told in episodes(lab, "airflow.dag_file")[len(before) :]] == ["broken", "mended"]


def episodes(lab: Torture, kind: str) -> list[dict[str, Any]]:
    """What was told of files or of parts of Airflow, oldest first."""
    rows = lab.rows("select payload from event where kind = %s order by occurred_at", kind)
    return [row["payload"] for row in rows]


def test_a_run_that_was_deleted_is_no_trouble(lab: Torture):
    run_id = lab.begin("wide")
    lab.wait("wide", run_id, seconds=200)
    lab.api.call("DELETE", f"/dags/wide/dagRuns/{run_id}")
    lab.rows("delete from event where subject_key = %s", run_subject("wide", run_id))
    lab.reconciler().round()
    # The DAG's own callback may have told of the run's end.
    assert [event for event in lab.events("wide", run_id) if event.kind is Kind.TASK] == []


def test_a_round_of_two_thousand_changed_tasks_is_over_within_a_minute(lab: Torture):
    begun = [lab.begin("wide") for _ in range(4)]
    for run_id in begun:
        lab.wait("wide", run_id, seconds=300)
    already = len(lab.rounds)
    with lab.reconciling():
        wait_for(lambda: len(lab.rounds) >= already + 2, "two rounds", 300)
    for run_id in begun:
        assert Counter(task.state for task in fold(lab.events("wide", run_id)).tasks) == {TaskState.SUCCESS: 500}
    first, repeated = lab.rounds[already : already + 2]
    print(f"2,000 new task instances: {first:.1f} s; the same again: {repeated:.1f} s")
    assert first < 60


def test_a_triggerer_that_stops_is_told_and_that_it_works_again(lab: Torture):
    def told() -> list[str]:
        return [told["state"] for told in episodes(lab, "airflow.health") if told["component"] == "triggerer"][before:]

    before = 0
    before += len(told())
    stopped = lab.processes("bin/airflow triggerer")
    assert stopped
    with lab.reconciling():
        for process in stopped:
            process.suspend()
        try:
            wait_for(lambda: told() == ["down"], "the triggerer to be missed", 240)
        finally:
            for process in stopped:
                process.resume()
        wait_for(lambda: told() == ["down", "up"], "the triggerer to be back", 120)
