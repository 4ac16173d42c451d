"""Check 14: the firehose stops, or its token is revoked: the dead man notices, one alarm comes, and one all-clear."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from include.firehose import database
from include.firehose.event import RunState, TaskState
from include.firehose.watchdog import Watchdog
from tests.integration.firehose.road import Road, run_event, task_event, whole_run
from tests.receiver import Receiver
from tests.standins import ROOT

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# Looks every 100 ms and calls at each look, until it is killed.
PROGRAM = """
import sys, time
from datetime import UTC, datetime, timedelta
from include.firehose import database
from include.firehose.watchdog import Watchdog
dog = Watchdog(database.engine(sys.argv[1]), ping_url=sys.argv[2], call_every=timedelta(0))
while True:
    dog.round(datetime.now(UTC))
    time.sleep(0.1)
"""


@pytest.fixture
def watched(road: Road, ping: Receiver, webhook: Receiver) -> Iterator[Watched]:
    road.rows("truncate watchdog")
    road.rows("truncate cursor")
    watched = Watched(road, ping, webhook)
    yield watched
    watched.dog.outbox.dispose()


class Watched:
    """The road with a watchdog, and a clock of its own: each look is a minute after the last."""

    def __init__(self, road: Road, ping: Receiver, webhook: Receiver) -> None:
        self.road, self.ping, self.webhook = road, ping, webhook
        self.now = NOW
        self.dog = self.another()

    def another(self) -> Watchdog:
        dsn = self.road.environment()["FIREHOSE_DSN"]
        return Watchdog(database.engine(dsn), self.ping.url, self.webhook.url)

    def restart(self) -> None:
        """A watchdog that remembers nothing but what the outbox holds."""
        self.dog.outbox.dispose()
        self.dog = self.another()

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += MINUTE
            self.dog.round(self.now)

    def start_dispatcher(self) -> subprocess.Popen[bytes]:
        process = self.road.dispatcher()
        beating = "select * from lease where until > now()"
        self.road.wait(lambda: self.road.rows(beating), "the dispatcher had taken its lease")
        return process

    def kill_dispatcher(self, process: subprocess.Popen[bytes], *, ago: str) -> None:
        """Kill it, and let that have been some time ago."""
        process.kill()
        process.wait(30)
        self.road.rows(f"update lease set renewed_at = renewed_at - interval '{ago}', until = until - interval '{ago}'")


def test_while_all_is_well_the_dead_man_is_called_and_nobody_is_alarmed(watched: Watched):
    watched.start_dispatcher()
    watched.road.report(*whole_run("r1"))
    watched.road.wait_until_told(["r1"])
    watched.look(12)
    assert watched.ping.paths == ["/hook"] * 12
    assert watched.webhook.texts == []


def test_a_dead_dispatcher_is_alarmed_once_over_restarts_and_cleared_once(watched: Watched):
    process = watched.start_dispatcher()
    watched.look(4)
    watched.kill_dispatcher(process, ago="2 minutes")
    watched.look()
    assert (len(watched.ping.calls), watched.webhook.texts) == (4, []), "a restart is neither well nor an alarm"
    watched.road.rows("update lease set renewed_at = renewed_at - interval '2 minutes'")
    watched.look(3)
    watched.restart()
    watched.look(5)
    assert watched.ping.paths[4:] == ["/hook/fail"] * len(watched.ping.paths[4:])
    assert "No dispatcher has worked for" in watched.ping.calls[-1][1]
    (alarm,) = watched.webhook.texts
    assert alarm.startswith("✕ The firehose is silent. No dispatcher has worked for 4m")

    watched.start_dispatcher()
    watched.look(3)
    watched.restart()
    watched.look(3)
    assert len(watched.webhook.texts) == 2
    assert watched.webhook.texts[1].startswith("● The firehose speaks again, 9m00s after the alarm.")
    assert watched.ping.paths[-1] == "/hook"


def test_a_revoked_token_is_alarmed_once_and_cleared_once_when_messages_flow(watched: Watched):
    road = watched.road
    road.fault("revoke_token", method="*")
    road.report(*whole_run("r1"), *whole_run("r2"))
    process = watched.start_dispatcher()
    revoked = "select * from lease where trouble like '%%token_revoked%%'"
    road.wait(lambda: road.rows(revoked), "the trouble was named")
    watched.look(3)
    watched.restart()
    watched.look(2)
    (alarm,) = watched.webhook.texts
    assert "token_revoked: mend the token, its scopes or the channel." in alarm
    assert set(watched.ping.paths) == {"/hook/fail"}

    # A dispatcher that is started again has no trouble until its first call.
    process.kill()
    process.wait(30)
    road.rows("update lease set trouble = null")
    watched.look()
    assert len(watched.webhook.texts) == 1

    httpx.request("DELETE", f"{road.slack.url}/_local/faults").raise_for_status()
    road.rows("update rate_limit set blocked_until = now()")
    watched.start_dispatcher()
    road.wait_until_told(["r1", "r2"])
    watched.look(3)
    assert [text[0] for text in watched.webhook.texts] == ["✕", "●"]
    assert watched.ping.paths[-1] == "/hook"


@pytest.mark.slow
def test_messages_that_slack_does_not_take_for_ten_minutes_are_alarmed(watched: Watched):
    road = watched.road
    road.fault("status", status=503, method="*")
    road.report(*whole_run("r1"))
    watched.start_dispatcher()
    road.wait(lambda: road.rows("select * from lease where trouble is not null"), "the trouble was named")
    watched.look(12)
    assert watched.webhook.texts == []
    assert "/hook" not in watched.ping.paths, "while Slack is away nothing is reported as well"
    road.rows("update delivery set created_at = created_at - interval '10 minutes'")
    watched.look(3)
    (alarm,) = watched.webhook.texts
    assert "Slack has taken nothing while a message has waited for 10m" in alarm


@pytest.mark.slow
def test_a_failure_that_cannot_be_composed_fails_the_dead_man_and_alarms_nobody(watched: Watched):
    road = watched.road
    watched.start_dispatcher()
    road.rows(
        "insert into event (event_id, kind, series, subject_key, occurred_at, first_seen_at, seen_via, severity, "
        "payload) values ('x', 'no.kind', 's', 'k', now(), now() - interval '6 minutes', '{sender}', 'error', '{}')"
    )
    watched.look(7)
    assert watched.ping.paths[-1] == "/hook/fail"
    assert "A failure has waited for 6m" in watched.ping.calls[-1][1]
    assert watched.webhook.texts == []


@pytest.mark.slow
def test_a_reconciler_that_reads_nothing_fails_the_dead_man_until_it_reads_again(watched: Watched):
    watched.start_dispatcher()
    watched.road.rows("insert into cursor values ('airflow', '2026-11-23T06:00:00+00:00')")
    watched.look(7)
    assert watched.ping.paths == ["/hook"] * 5 + ["/hook/fail"] * 2
    watched.road.rows("update cursor set watermark = '2026-11-23T06:07:00+00:00'")
    watched.look()
    assert watched.ping.paths[-1] == "/hook"
    assert watched.webhook.texts == []


@pytest.mark.slow
def test_two_watchdogs_speak_with_one_voice(watched: Watched):
    process = watched.start_dispatcher()
    dogs = [watched.dog, watched.another()]
    for minute in range(4):
        for dog in dogs:
            dog.round(NOW + minute * MINUTE)
    watched.kill_dispatcher(process, ago="5 minutes")
    watched.webhook.slow = 0.5
    threads = [threading.Thread(target=dog.round, args=(NOW + 5 * MINUTE,)) for dog in dogs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(watched.webhook.texts) == 1
    dogs[1].outbox.dispose()


@pytest.mark.slow
def test_an_outbox_that_is_away_is_alarmed_once_and_cleared_once(watched: Watched):
    watched.start_dispatcher()
    watched.look(2)
    watched.road.postgres.kill()
    try:
        watched.look(6)
        assert ["The outbox has not answered" in text for text in watched.webhook.texts] == [True]
        assert watched.ping.paths[-1] == "/hook/fail"
    finally:
        watched.road.postgres.start()
    renewed = "select * from lease where until > now()"
    watched.road.wait(lambda: watched.road.rows(renewed), "the dispatcher was back")
    watched.look(3)
    watched.restart()
    watched.look(3)
    assert [text[0] for text in watched.webhook.texts] == ["✕", "●"]
    assert watched.ping.paths[-1] == "/hook"
    assert watched.road.rows("select began_at, problem from watchdog") == [{"began_at": None, "problem": None}]


@pytest.mark.slow
def test_when_the_watching_process_is_killed_the_calls_stop(watched: Watched):
    watched.start_dispatcher()
    dsn = watched.road.environment()["FIREHOSE_DSN"]
    command = [sys.executable, "-c", PROGRAM, dsn, watched.ping.url]
    process = subprocess.Popen(command, cwd=ROOT, env=watched.road.environment())
    try:
        watched.road.wait(lambda: len(watched.ping.calls) >= 3, "the watchdog called")
    finally:
        process.kill()
        process.wait(30)
    time.sleep(0.5)
    calls = len(watched.ping.calls)
    time.sleep(2)
    assert len(watched.ping.calls) == calls


@pytest.mark.slow
def test_no_series_is_told_by_the_alarm_and_what_had_waited_comes_once(watched: Watched):
    """A storm would be one message for each of the runs that nobody was told of meanwhile."""
    road = watched.road
    run_ids = [f"r{number}" for number in range(4)]
    for run_id in run_ids:
        road.report(task_event(run_id, "a", TaskState.FAILED), run_event(run_id, RunState.FAILED))
    watched.look(6)
    assert len(watched.webhook.texts) == 1
    assert "orders" not in watched.webhook.texts[0]
    watched.start_dispatcher()
    road.wait_until_told(run_ids)
    assert len(road.texts()) == len(run_ids)
