"""The message of a build: what a reader sees at each stage."""

from __future__ import annotations

import json
import random
from datetime import timedelta, timezone
from typing import Any

import pytest

from include.firehose.designs import deployment
from include.firehose.designs.style import RED
from include.firehose.designs.telling import Priority, Setting, Telling
from include.firehose.event import Event
from include.firehose.webhooks import buildkite
from tests.unit.firehose.webhooks.payloads import activated, build, finished, running

SETTING = Setting(airflow_url="http://airflow")
SCHEDULED, FAILING = (
    build("build.scheduled", "scheduled"),
    running(failing_at="2026-11-23 06:03:00 UTC") | {"event": "build.failing"},
)


def events(*payloads: dict[str, Any]) -> list[Event]:
    return [event for payload in payloads for event in buildkite.events(payload) if event.subject_key.startswith("bk:")]


def told(*payloads: dict[str, Any], setting: Setting = SETTING) -> Telling:
    return deployment.tell(events(*payloads), setting)


@pytest.mark.parametrize(
    ("payload", "text", "state", "priority"),
    [
        (
            SCHEDULED,
            "◌ backbeat deploy #128 main a1b2c3d · waits for an agent since 06:01",
            "scheduled",
            Priority.PROGRESS,
        ),
        (running(), "✦ backbeat deploy #128 main a1b2c3d · started 06:02", "running", Priority.MILESTONE),
        (FAILING, "✕ backbeat deploy #128 main a1b2c3d · is failing since 06:03", "failing", Priority.FAILURE),
        (
            finished("passed", "06:06:12", blocked=True),
            "◌ backbeat deploy #128 main a1b2c3d · waits for somebody to unblock since 06:06",
            "blocked",
            Priority.MILESTONE,
        ),
        (activated("06:20:00"), "✦ backbeat deploy #128 main a1b2c3d · unblocked 06:20", "running", Priority.MILESTONE),
        (
            finished("passed", "06:06:12"),
            "● backbeat deploy #128 main a1b2c3d · deployed in 4m12s · started 06:02",
            "success",
            Priority.MILESTONE,
        ),
        (
            finished("passed", "06:06:12", pipeline={"slug": "backbeat", "name": "backbeat"}),
            "● backbeat #128 main a1b2c3d · passed in 4m12s · started 06:02",
            "success",
            Priority.MILESTONE,
        ),
        (
            finished("failed", "06:06:12"),
            "✕ backbeat deploy #128 main a1b2c3d · failed after 4m12s · started 06:02",
            "failed",
            Priority.FAILURE,
        ),
        (
            finished("canceled", "06:06:12"),
            "○ backbeat deploy #128 main a1b2c3d · cancelled 06:06 · started 06:02",
            "canceled",
            Priority.MILESTONE,
        ),
    ],
)
def test_each_stage_in_one_line(payload: dict[str, Any], text: str, state: str, priority: Priority):
    telling = told(payload)
    assert telling.message.text == f"{text} · by Ada · Mend the clock"
    assert (telling.state, telling.priority) == (state, priority)


def test_the_series_is_the_one_of_its_events():
    assert told(running()).series == events(running())[0].series == "bk:pipeline:acme/backbeat-deploy"


def test_a_build_that_waited_over_night_names_the_day():
    assert (
        "started 2026-11-22 06:02"
        in told(finished("passed", "06:06:12", started_at="2026-11-22 06:02:00 UTC")).message.text
    )


def test_only_what_is_wrong_is_red_and_leads_to_the_build():
    for payload in (running(), finished("passed", "06:06:12"), finished("canceled", "06:06:12")):
        assert told(payload).message.attachments == []
    (attachment,) = told(finished("failed", "06:06:12")).message.attachments
    assert attachment["color"] == RED
    assert attachment["blocks"][0]["accessory"]["url"] == "https://buildkite.com/acme/backbeat-deploy/builds/128"


def test_a_build_that_passes_after_a_retry_loses_its_red_bar():
    assert told(finished("failed", "06:06:12"), finished("passed", "06:30:00")).message.attachments == []


def test_a_blocked_build_is_not_over():
    assert not told(finished("passed", "06:06:12", blocked=True)).over
    assert told(finished("passed", "06:06:12", blocked=True)).ended_at is None
    assert told(finished("passed", "06:06:12")).over


def test_what_happened_in_between_stands_in_the_thread():
    blocked = finished("passed", "06:06:12", blocked=True)
    lines = told(running(), FAILING, blocked, activated("06:20:00"), finished("passed", "06:26:12")).lines
    assert [line.text for line in lines] == [
        "✕ 06:03 is failing",
        "◌ 06:06 waits for somebody to unblock",
        "✦ 06:20 unblocked by Bob",
    ]


def test_every_order_of_arrival_gives_the_same_telling():
    known = events(SCHEDULED, running(), FAILING, finished("failed", "06:06:12"), finished("passed", "06:30:00"))
    expected, dice = deployment.tell(known, SETTING), random.Random(7)
    for _ in range(50):
        dice.shuffle(known)
        assert deployment.tell(known, SETTING) == expected


def test_the_times_are_those_of_the_readers_clock():
    setting = Setting(airflow_url="", timezone=timezone(timedelta(hours=2)))
    assert "started 08:02" in told(running(), setting=setting).message.text


def test_the_usual_duration_is_shown_while_somebody_waits():
    setting = Setting(airflow_url="", usual_seconds=[240, 241, 242, 243, 300])
    assert "usual 4m00s-5m00s" in told(running(), setting=setting).message.text
    assert "usual" not in told(running(), setting=Setting(airflow_url="", usual_seconds=[240] * 4)).message.text


def test_a_failure_that_repeats_says_how_often():
    failure = finished("failed", "06:06:12")
    setting = Setting(airflow_url="", failures_in_a_row={events(failure)[0].event_id: 3})
    assert "failed for the 3rd time in a row" in json.dumps(told(failure, setting=setting).message.attachments)


def test_a_silenced_pipeline_fails_without_colour():
    telling = told(
        finished("failed", "06:06:12"), setting=Setting(airflow_url="", silenced="moving house until 2026-12-01")
    )
    assert telling.message.attachments == []
    assert telling.priority is Priority.MILESTONE
    assert "✕" in telling.message.text
    assert "silenced: moving house until 2026-12-01" in telling.message.text


def test_a_rebuild_names_what_it_repeats():
    assert "again after #126" in told(running(rebuilt_from={"id": "x", "number": 126})).message.text


def test_foreign_text_is_text_and_secrets_are_masked():
    hostile = "<!channel> <@U1> xoxb-1234-abcd `x` hunter2hunter2"
    payload = finished("failed", "06:06:12", branch=hostile, message=hostile, creator={"name": hostile})
    payload["pipeline"]["name"] = hostile
    message = told(payload, setting=Setting(airflow_url="", secrets=["hunter2hunter2"])).message
    assert "<!channel>" not in message.text
    assert "hunter2" not in json.dumps(message.body())
    assert "xoxb" not in json.dumps(message.body())
    assert '"mrkdwn"' not in json.dumps(message.body())
