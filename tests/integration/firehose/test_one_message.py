"""One DAG run is one message, and it ends as the run did."""

from __future__ import annotations

import json
import signal

from include.firehose.designs.style import FAILED, OK, WAITING
from include.firehose.event import RunState, TaskState
from tests.integration.firehose.road import CHANNEL, Road, run_event, task_event, whole_run


def test_a_run_is_posted_once_and_edited_to_its_outcome(road: Road):
    road.dispatcher()
    road.report(task_event("r1", "a", TaskState.SUCCESS))
    road.wait(road.texts, "the first event was posted")
    assert road.texts()[0].startswith(WAITING)
    road.report(task_event("r1", "b", TaskState.SUCCESS), task_event("r1", "c", TaskState.SUCCESS))
    road.report(run_event("r1", RunState.SUCCESS))
    road.wait(lambda: road.texts()[0].startswith(OK), "the message was edited to its outcome")
    assert road.texts() == ["● orders 06:00 · 3/3 · 1m00s"]
    road.wait_until_told(["r1"])


def test_a_burst_becomes_one_post_and_few_edits(road: Road):
    road.dispatcher()
    road.report(*[task_event("r1", f"t{number}", TaskState.SUCCESS) for number in range(100)])
    road.report(run_event("r1", RunState.SUCCESS))
    road.wait_until_told(["r1"])
    assert road.texts() == ["● orders 06:00 · 100/100 · 1m00s"]
    # The root, and the hundred lines of its thread in replies of 25 (or fewer, where two rounds share them).
    assert len(road.calls("chat.postMessage")) <= 7
    assert len(road.calls("chat.update")) <= 3


def test_a_failure_shows_its_error_as_text_and_under_a_red_bar(road: Road):
    error = {"type": "ValueError", "text": "<!channel> password=hunter2hunter2 broke\nline 2"}
    road.report(task_event("r1", "a", TaskState.FAILED, error=error), run_event("r1", RunState.FAILED))
    road.dispatcher()
    road.wait_until_told(["r1"])
    (message,) = road.messages()
    assert message["text"].startswith(FAILED)
    assert "&lt;!channel&gt; password=*** broke" in message["text"]
    (attachment,) = message["attachments"]
    assert attachment["color"].lstrip("#") == "d1242f"
    box = attachment["blocks"][1]["elements"][0]
    assert (box["type"], box["elements"][0]["text"]) == (
        "rich_text_preformatted",
        "ValueError: <!channel> password=*** broke",
    )


def test_a_run_that_recovers_loses_its_red_bar(road: Road):
    road.dispatcher()
    road.report(task_event("r1", "a", TaskState.FAILED, clear_number=0))
    road.wait(lambda: road.texts() and road.messages()[0].get("attachments"), "the failure was shown")
    road.report(task_event("r1", "a", TaskState.SUCCESS, try_number=2, second=30, clear_number=1))
    road.report(run_event("r1", RunState.SUCCESS))
    road.wait_until_told(["r1"])
    (message,) = road.messages()
    assert message["text"].startswith(OK)
    assert not message.get("attachments")


def test_the_same_event_from_two_processes_is_one(road: Road):
    road.report(*whole_run("r1"))
    road.report(*whole_run("r1"))
    road.dispatcher()
    road.wait_until_told(["r1"])
    road.report(*whole_run("r1"))
    assert len(road.rows("select * from event")) == 4
    assert not road.rows("select * from event where composed_at is null")
    assert len(road.texts()) == 1


def test_what_a_later_report_adds_reaches_the_message(road: Road):
    road.dispatcher()
    road.report(task_event("r1", "a", TaskState.FAILED), run_event("r1", RunState.FAILED))
    road.wait_until_told(["r1"])
    assert "no exception was reported" in road.texts()[0]
    road.report(task_event("r1", "a", TaskState.FAILED, error={"type": "KeyError", "text": "'region'"}))
    road.wait(lambda: "KeyError: 'region'" in road.texts()[0], "the error was added")


def test_the_usual_duration_is_learned_from_earlier_runs(road: Road):
    road.dispatcher()
    earlier = [f"r{number}" for number in range(6)]
    for run_id in earlier:
        road.report(*whole_run(run_id))
    road.wait_until_told(earlier)
    road.report(*whole_run("last"))
    road.wait_until_told([*earlier, "last"])
    assert road.texts()[-1] == "● orders 06:00 · 3/3 · 1m00s (usual 1m00s)"


def test_a_message_that_somebody_deleted_is_posted_anew(road: Road):
    road.dispatcher()
    road.report(task_event("r1", "a", TaskState.SUCCESS))
    road.wait(road.texts, "the first event was posted")
    assert road.api("chat.delete", channel=CHANNEL, ts=road.messages()[0]["ts"])["ok"]
    road.report(run_event("r1", RunState.SUCCESS))
    road.wait_until_told(["r1"])
    assert [text[0] for text in road.texts()] == [OK]


def test_the_dispatcher_stops_cleanly_and_lets_the_next_begin_at_once(road: Road):
    first = road.dispatcher()
    road.wait(lambda: road.rows("select * from lease"), "the dispatcher had taken its lease")
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 0
    assert road.rows("select * from lease where until <= now()")


def test_status_tells_counts_and_whether_anything_is_sent(road: Road):
    road.report(*whole_run("r1"))
    silent = road.run("-m", "include.firehose", "status")
    assert silent.returncode == 1
    assert "4 (4 to compose)" in silent.stdout
    assert "no dispatcher" in silent.stdout
    road.dispatcher()
    road.wait_until_told(["r1"])
    working = road.run("-m", "include.firehose", "status")
    assert working.returncode == 0
    assert "0 pending, 0 sending, 0 unknown, 2 sent, 0 dead" in working.stdout


def test_a_missing_dsn_is_named(road: Road):
    answer = road.run("-m", "include.firehose", "status", env=road.environment(FIREHOSE_DSN=""))
    assert answer.returncode == 2
    assert "FIREHOSE_DSN" in answer.stderr


def test_every_design_of_the_preview_is_taken_by_slack(road: Road):
    answer = road.run("-m", "include.firehose", "preview", "--post")
    assert answer.returncode == 0, answer.stderr
    designs = json.loads(answer.stdout)
    assert len(designs) >= 10
    assert road.texts() == [design["text"] for design in designs]
