"""Check 15: the three books agree, what is missing in one is named, and callbacks that have gone silent are noticed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from include.firehose import channel, database
from include.firehose.audit import Audit, audit
from include.firehose.channel import Channel, UnreadableChannel
from include.firehose.event import TaskState
from include.firehose.pulse import Pulse
from include.firehose.reconcile.api import AirflowRest
from include.firehose.reconcile.reconciler import Reconciler
from include.firehose.slack import METADATA_TYPE
from tests.integration.firehose.road import CHANNEL, START, TOKEN, Road, task_event, whole_run
from tests.standins import ROOT, free_port

HERE = Path(__file__).parent
PASSWORD = "airflow-test"
# Twenty ends of tasks, so that a day of this DAG alone is enough to judge the callbacks by.
TWENTY = """
from airflow.sdk import DAG, task

with DAG("small", schedule=None):

    @task
    def works(number: int) -> None:
        pass

    works.expand(number=list(range(20)))
"""


class QuietAirflow:
    """An Airflow in which nothing has happened."""

    def get(self, path: str, /, **params: Any) -> Mapping[str, Any]:
        return {"dag_runs": [], "task_instances": [], "next_cursor": None}


@pytest.fixture
def outbox(road: Road) -> Iterator[Engine]:
    engine = database.engine(road.environment()["FIREHOSE_DSN"])
    yield engine
    engine.dispose()


def reader(road: Road) -> Channel:
    return Channel(token=TOKEN, api_url=f"{road.slack.url}/api/", channel_id=CHANNEL)


def audited(road: Road, outbox: Engine, *, airflow: Any = None, since: datetime | None = None) -> Audit:
    """The audit of the last hour, or from a time on; the next second counts, as clocks are not one."""
    now = datetime.now(UTC)
    begin = since or now - timedelta(hours=1)
    return audit(outbox, airflow or QuietAirflow(), reader(road), begin, now + timedelta(seconds=1))


def gaps(found: Audit) -> dict[str, tuple[str, ...]]:
    return {comparison.title: comparison.items for comparison in found.comparisons if comparison.items}


@pytest.fixture
def told(road: Road) -> Road:
    """A road on which three runs have been told."""
    road.dispatcher()
    for run_id in ("r1", "r2", "r3"):
        road.report(*whole_run(run_id))
    road.wait_until_told(["r1", "r2", "r3"])
    return road


def test_what_was_told_is_accounted_for(told: Road, outbox: Engine):
    found = audited(told, outbox)
    assert (found.exit_code, gaps(found)) == (0, {})
    totals = [comparison.total for comparison in found.comparisons]
    assert totals[:2] == [0, 12]
    assert totals[2] == totals[3] == totals[4] >= 3


def test_every_page_of_the_channel_is_read(told: Road, outbox: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(channel, "PAGE", 1)
    assert gaps(audited(told, outbox)) == {}
    assert len(told.calls("conversations.history")) >= 3


def test_a_message_that_somebody_deleted_is_missing_until_it_is_posted_anew(told: Road, outbox: Engine):
    message = told.messages()[0]
    assert told.api("chat.delete", channel=CHANNEL, ts=message["ts"])["ok"]
    (title, items) = next(iter(gaps(audited(told, outbox)).items()))
    assert title == "sent messages that Slack does not show"
    assert message["ts"] in items[0]

    told.report(task_event("r1", "d", TaskState.FAILED))
    told.wait_until_told(["r1"])
    anew = audited(told, outbox)
    assert not any(message["ts"] in item for items in gaps(anew).values() for item in items)
    assert anew.replaced == 1


def test_a_message_of_another_outbox_is_unknown(told: Road, outbox: Engine):
    metadata = {"event_type": METADATA_TYPE, "event_payload": {"delivery_id": "elsewhere"}}
    told.api("chat.postMessage", channel=CHANNEL, text="from a backup", metadata=json.dumps(metadata))
    (items,) = gaps(audited(told, outbox)).values()
    assert items[0].endswith("from a backup")


def test_a_delivery_that_was_posted_twice_is_named_in_the_channel_and_in_a_thread(told: Road, outbox: Engine):
    first, second = told.messages()[:2]
    for message, where in ((first, {}), (second, {"thread_ts": second["ts"]})):
        metadata = json.dumps(message["metadata"])
        told.api("chat.postMessage", channel=CHANNEL, text="again", metadata=metadata, **where)
    found = gaps(audited(told, outbox))
    doubled = found.pop("deliveries that Slack shows more than once")
    assert found == {}
    assert {item.split(":")[0] for item in doubled} == {
        message["metadata"]["event_payload"]["delivery_id"] for message in (first, second)
    }


def test_an_event_that_no_message_tells_is_named_with_the_reason(told: Road, outbox: Engine):
    told.fault("429", times=1, retry_after="600")
    told.report(*whole_run("r4"))
    told.wait(lambda: told.rows("select * from delivery where state = 'pending'"), "the message waited")
    (items,) = gaps(audited(told, outbox)).values()
    assert len(items) == 4
    assert all("its message is pending" in item for item in items)


def test_an_event_that_nothing_was_made_of_is_named(told: Road, outbox: Engine):
    told.rows(
        "insert into event (event_id, kind, series, subject_key, occurred_at, seen_via, severity, payload, composed_at)"
        " values ('lost', 'airflow.run', 's', 'k', now(), '{rest}', 'info', '{}', now())"
    )
    assert gaps(audited(told, outbox)) == {"events that no message has told": ("lost: no message",)}


def test_a_rate_limit_is_waited_for(told: Road, outbox: Engine):
    told.fault("429", method="conversations.history", times=2, retry_after="1")
    told.fault("429_float", method="conversations.replies", times=1)
    assert gaps(audited(told, outbox)) == {}


def test_a_channel_that_may_not_be_read_is_no_audit_without_gaps(told: Road, outbox: Engine):
    told.fault("revoke_token", method="conversations.history")
    with pytest.raises(UnreadableChannel, match=r"token_revoked.*channels:history"):
        audited(told, outbox)


@dataclass
class Airflow:
    """A real Airflow: DAGs run in a process, and its API server answers."""

    road: Road
    environment: dict[str, str]
    api: AirflowRest

    def run(self, dags: Path) -> None:
        """Run the DAG of the folder to its end."""
        answer = self.road.run(str(HERE / "run_dag.py"), str(dags), env=self.environment)
        assert "run_id=" in answer.stdout, answer.stdout[-3000:] + answer.stderr[-3000:]


@pytest.fixture
def airflow(road: Road, request: pytest.FixtureRequest) -> Iterator[Airflow]:
    """An Airflow whose path holds the policy, unless the test asks for one without it."""
    passwords = road.folder / "passwords.json"
    passwords.write_text(json.dumps({"admin": PASSWORD}))
    policy = [str(ROOT / "config")] if getattr(request, "param", "with the policy") == "with the policy" else []
    environment = road.environment(
        AIRFLOW_HOME=str(road.folder / "airflow"),
        AIRFLOW__CORE__DAGS_FOLDER=str(HERE / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__PLUGINS_FOLDER=str(road.folder / "plugins"),
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS="admin:admin",
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=str(passwords),
        AIRFLOW__API_AUTH__JWT_SECRET="airflow-test-secret-of-some-length",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=road.postgres.dsn("airflow").replace("postgresql:", "postgresql+psycopg2:"),
        PYTHONPATH=":".join([str(ROOT), *policy]),
    )
    migrated = road.run("-m", "airflow", "db", "migrate", env=environment)
    assert migrated.returncode == 0, migrated.stderr
    port = free_port()
    command = [sys.executable, "-m", "airflow", "api-server", "--port", str(port), "--host", "127.0.0.1"]
    with (road.folder / "api-server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        road.wait(lambda: answers(f"{url}/api/v2/version"), "Airflow's API server answered")
        yield Airflow(road, environment, AirflowRest(url, "admin", PASSWORD))
    finally:
        server.terminate()
        server.wait(60)


def pulse_text(road: Road) -> str:
    """The newest pulse as it stands in the channel, once it was sent."""
    newest = "select event_id from event where kind = 'firehose.pulse' order by occurred_at desc limit 1"
    (pulse,) = road.rows(newest)
    sent = "select slack_ts, plain from delivery where subject_key = %s and state = 'sent'"
    road.wait(lambda: road.rows(sent, pulse["event_id"]), "the pulse was sent")
    (row,) = road.rows(sent, pulse["event_id"])
    assert not row["plain"], "Slack took its blocks"
    (text,) = [message["text"] for message in road.messages() if message["ts"] == row["slack_ts"]]
    return str(text)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.slow
def test_airflow_the_outbox_and_the_channel_agree_once_the_reconciler_has_read(
    road: Road, outbox: Engine, airflow: Airflow
):
    since = datetime.now(UTC) - timedelta(seconds=1)
    road.dispatcher()
    airflow.run(HERE / "dags")
    road.wait_until_told([])
    (unheard,) = gaps(audited(road, outbox, airflow=airflow.api, since=since)).values()
    assert [":nothing:-1:" in item for item in unheard] == [True], "no callback hears of an EmptyOperator"

    assert Reconciler(outbox, airflow.api).round() > 0
    road.wait_until_told([])
    found = audited(road, outbox, airflow=airflow.api, since=since)
    assert (found.exit_code, gaps(found)) == (0, {})
    assert found.comparisons[0].total == 8
    assert found.lines()[-1] == "0 unaccounted"


@pytest.mark.parametrize("airflow", ["without the policy"], indirect=True)
@pytest.mark.slow
def test_a_worker_without_the_policy_is_noticed_by_the_next_pulse(road: Road, outbox: Engine, airflow: Airflow):
    road.dispatcher()
    road.report(*whole_run("before"))
    dags = road.folder / "dags"
    dags.mkdir()
    (dags / "small.py").write_text(TWENTY)
    airflow.run(dags)
    Reconciler(outbox, airflow.api).round()

    (last,) = road.rows("select max(occurred_at) as at from event where kind = 'airflow.task'")
    next_morning = last["at"].astimezone(UTC).replace(hour=8) + timedelta(days=1)
    assert Pulse(outbox, UTC).round(next_morning) == 1
    assert pulse_text(road).startswith("✕ callbacks silent: 0 % seen via callback")


def test_the_pulse_is_written_once_a_day_by_however_many_watchers(road: Road, outbox: Engine):
    road.dispatcher()
    road.report(*whole_run("r1"), *whole_run("r2"))
    road.wait_until_told(["r1", "r2"])
    road.rows("update event set first_seen_at = occurred_at")
    road.rows("update delivery set updated_at = %s", START)
    (sent,) = road.rows("select count(*) as n from delivery where op in ('post', 'reply')")
    morning = (START + timedelta(days=1)).replace(hour=8)

    assert Pulse(outbox, UTC).round(morning - timedelta(minutes=1)) == 0
    watchers = [Pulse(outbox, UTC), Pulse(outbox, UTC)]
    written = [watcher.round(morning + timedelta(minutes=minute)) for minute in (0, 1) for watcher in watchers]
    assert written == [1, 0, 0, 0]
    (row,) = road.rows("select payload, seen_via, severity from event where event_id = 'pulse:2026-11-23'")
    assert (row["seen_via"], row["severity"]) == (["watch"], "info")
    assert row["payload"]["events"] == 8
    assert row["payload"]["unaccounted"] == 0
    assert row["payload"]["callback"] == {"seen": 6, "of": 6}
    assert row["payload"]["runs"] == {"success": 2}
    assert pulse_text(road).startswith(f"● Yesterday, 2026-11-23: 8 events · {sent['n']} messages · 0 unaccounted")

    assert Pulse(outbox, UTC).round(morning + timedelta(days=1)) == 1, "the next day has a pulse of its own"
    text = pulse_text(road)
    assert text.startswith("● Yesterday, 2026-11-24: 1 event · ")
    assert "0 unaccounted" in text


def test_what_callbacks_cannot_hear_does_not_count_against_them(road: Road, outbox: Engine):
    events = [
        *(task_event("r1", f"heard{number}", TaskState.SUCCESS) for number in range(20)),
        *(task_event("r1", f"empty{number}", TaskState.SUCCESS, operator="EmptyOperator") for number in range(20)),
        *(task_event("r1", f"skipped{number}", TaskState.SKIPPED) for number in range(20)),
        *(task_event("r1", f"blocked{number}", TaskState.UPSTREAM_FAILED) for number in range(20)),
        *(task_event("r1", f"built{number}", TaskState.SUCCESS) for number in range(20)),
    ]
    road.report(*events)
    road.rows("update event set first_seen_at = occurred_at - interval '1 minute'")
    road.rows("update event set seen_via = '{rest}' where event_id not like '%%:heard%%'")
    road.rows("update event set seen_via = '{build,rest}' where event_id like '%%:built%%'")
    assert Pulse(outbox, UTC).round(START + timedelta(days=1, hours=3)) == 1
    (row,) = road.rows("select payload from event where kind = 'firehose.pulse'")
    assert row["payload"]["callback"] == {"seen": 20, "of": 20}
    assert row["payload"]["callbacks_silent"] is False


def test_the_pulse_waits_for_the_audit_and_holds_nobody_up(road: Road, outbox: Engine):
    road.report(*whole_run("r1"))
    road.rows("update event set first_seen_at = occurred_at")
    morning = START + timedelta(days=1, hours=3)
    finished, asked = threading.Event(), []

    def count(begin: datetime, end: datetime) -> int:
        asked.append((begin, end))
        finished.wait(60)
        return 7

    pulse = Pulse(outbox, UTC, unaccounted=count)
    assert [pulse.round(morning), pulse.round(morning)] == [0, 0]
    finished.set()
    road.wait(lambda: pulse.round(morning), "the pulse was written")
    (row,) = road.rows("select payload, severity from event where kind = 'firehose.pulse'")
    assert (row["payload"]["unaccounted"], row["severity"]) == (7, "error")
    assert asked == [(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC))]


def test_parts_that_fail_are_said_and_cost_no_pulse(road: Road, outbox: Engine):
    road.report(*whole_run("r1"))
    road.rows("update event set first_seen_at = occurred_at")

    def fails(*arguments: Any) -> Any:
        raise RuntimeError("away")

    pulse = Pulse(outbox, UTC, late_series=fails, expired_silences=fails, unaccounted=fails)
    road.wait(lambda: pulse.round(START + timedelta(days=1, hours=3)), "the pulse was written")
    (row,) = road.rows("select payload from event where kind = 'firehose.pulse'")
    assert row["payload"]["unaccounted"] == 4, "none of the four events was sent"
    assert row["payload"]["late"] == ["late series could not be read, see the log of the watch"]


def test_a_new_outbox_has_no_yesterday(road: Road, outbox: Engine):
    assert Pulse(outbox, UTC).round(START + timedelta(days=1, hours=3)) == 0
    road.report(*whole_run("r1"))
    # What the reconciler reads of the time before the first start was not seen by anybody.
    road.rows("update event set first_seen_at = occurred_at + interval '30 hours'")
    assert Pulse(outbox, UTC).round(START + timedelta(days=1, hours=3)) == 0
