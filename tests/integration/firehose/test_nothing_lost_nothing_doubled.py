"""Drills: whatever dies, stalls or lies in between, each run has one message and it tells the end."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import time

import pytest

from include.firehose.event import RunState, TaskState
from tests.integration.firehose.crashing_dispatcher import STEPS
from tests.integration.firehose.road import Road, run_event, task_event, whole_run

CRASHING = "tests/integration/firehose/crashing_dispatcher.py"
ROUNDS = 30
ENDED = "● orders 06:00 · 3/3 · 1m00s"


def run_until_killed(road: Road, step: str, nth: int = 1) -> None:
    process = road.dispatcher(CRASHING, step, str(nth))
    assert process.wait(120) == -signal.SIGKILL, road.log(process)


@pytest.mark.parametrize(
    "step",
    [pytest.param("before the call", marks=pytest.mark.slow), "after the call", "before the outcome is committed"],
)
def test_a_dispatcher_killed_around_a_call_loses_and_doubles_nothing(road: Road, step: str):
    road.report(task_event("r1", "a", TaskState.SUCCESS), *whole_run("r2"))
    run_until_killed(road, step)
    run_until_killed(road, step)
    road.report(*whole_run("r1"))
    run_until_killed(road, step)
    road.dispatcher()
    road.wait_until_told(["r1", "r2"])
    assert road.texts() == [ENDED, ENDED]


def test_a_dispatcher_killed_while_composing_loses_and_doubles_nothing(road: Road):
    road.report(*whole_run("r1"), *whole_run("r2"))
    for nth in (1, 2):
        run_until_killed(road, "before a message is committed", nth)
    road.dispatcher()
    road.wait_until_told(["r1", "r2"])
    assert road.texts() == [ENDED, ENDED]


def test_a_dispatcher_killed_in_a_replay_of_the_spool_loses_and_doubles_nothing(road: Road):
    road.spooled(*whole_run("r1"))
    run_until_killed(road, "after the spool was stored")
    road.spooled(*whole_run("r2"))
    run_until_killed(road, "after the spool was stored")
    road.dispatcher()
    road.wait_until_told(["r1", "r2"])
    assert road.texts() == [ENDED, ENDED]
    assert len(road.rows("select * from event")) == 8


def test_a_dispatcher_killed_while_it_looks_for_a_lost_post_doubles_nothing(road: Road):
    road.report(*whole_run("r1"))
    run_until_killed(road, "after the call")
    run_until_killed(road, "after a lost post was looked for")
    road.dispatcher()
    road.wait_until_told(["r1"])
    assert road.texts() == [ENDED]
    # The root once, and the one reply of its thread.
    assert len(road.calls("chat.postMessage")) == 2


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_kills_at_random_steps_repeated_lose_and_double_nothing(road: Road):
    dice, run_ids = random.Random(2017), []
    for number in range(ROUNDS):
        run_ids.append(f"r{number}")
        road.report(task_event(run_ids[-1], "a", TaskState.SUCCESS))
        road.spooled(*whole_run(dice.choice(run_ids)))
        process = road.dispatcher(CRASHING, dice.choice(list(STEPS)), str(dice.randrange(1, 3)))
        try:
            process.wait(dice.uniform(2, 12))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    road.dispatcher()
    for run_id in run_ids:
        road.report(*whole_run(run_id))
    road.wait_until_told(run_ids)
    assert [text.removesuffix(" (usual 1m00s)") for text in road.texts()] == [ENDED] * ROUNDS
    assert len(road.rows("select * from event")) == 4 * ROUNDS


def test_posts_whose_answer_was_lost_are_found_and_not_repeated(road: Road):
    road.fault("accept_then_drop", times=3)
    run_ids = [f"r{number}" for number in range(5)]
    for run_id in run_ids:
        road.report(*whole_run(run_id))
    road.dispatcher()
    road.wait_until_told(run_ids)
    assert road.texts() == [ENDED] * 5
    assert len(road.calls("chat.postMessage")) == 10


def test_an_answer_that_is_no_json_is_not_taken_for_a_refusal(road: Road):
    road.fault("invalid_json", times=1)
    road.report(*whole_run("r1"))
    road.dispatcher()
    road.wait_until_told(["r1"])
    assert road.texts() == [ENDED]


def test_a_slack_that_answers_503_is_tried_again(road: Road):
    road.fault("status", status=503, times=3, method="*")
    road.report(*whole_run("r1"))
    road.dispatcher()
    road.wait_until_told(["r1"])
    assert road.texts() == [ENDED]


def test_slack_down_and_up_again_tells_everything_once(road: Road):
    road.slack.stop()
    try:
        road.report(*whole_run("r1"), task_event("r2", "a", TaskState.SUCCESS))
        road.dispatcher()
        road.wait(lambda: road.rows("select * from lease where trouble like %s", "%reached%"), "the trouble was named")
        assert road.run("-m", "include.firehose", "status").returncode == 1
        road.report(run_event("r2", RunState.SUCCESS))
    finally:
        road.slack.start()
    road.wait_until_told(["r1", "r2"])
    assert road.texts() == [ENDED, "● orders 06:00 · 1/3 · 1m00s"]
    assert road.run("-m", "include.firehose", "status").returncode == 0


def test_the_database_down_and_up_again_loses_nothing(road: Road):
    dispatcher = road.dispatcher()
    road.report(task_event("r1", "a", TaskState.SUCCESS))
    road.wait(road.texts, "the first event was posted")
    road.postgres.kill()
    try:
        road.report(*whole_run("r1"))
        assert road.spool.read_text().count("\n") == 4
    finally:
        road.postgres.start()
    road.wait(lambda: len(road.rows("select * from event")) == 4, "the spool was replayed")
    road.wait_until_told(["r1"])
    assert road.texts() == [ENDED]
    assert dispatcher.poll() is None


def test_a_database_that_swallows_everything_holds_up_no_callback(road: Road):
    """It takes the connection and never answers, as behind a broken firewall."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        dsn = f"postgresql+psycopg://postgres:x@127.0.0.1:{hole.getsockname()[1]}/firehose"
        before = time.monotonic()
        road.report(run_event("r1", RunState.SUCCESS), env=road.environment(FIREHOSE_DSN=dsn))
        # libpq alone would wait for ever; the bound is 2.5 s, the rest is the start of a process on a busy machine.
        assert time.monotonic() - before < 60
    road.dispatcher()
    road.wait_until_told(["r1"])
    assert road.texts() == ["● orders 06:00 · 0/3 · 1m00s"]


def test_of_two_dispatchers_one_sends_and_the_other_takes_over(road: Road):
    first = road.dispatcher()
    road.wait(lambda: road.rows("select * from lease"), "the first had taken its lease")
    second = road.dispatcher()
    for run_id in ("r1", "r2", "r3"):
        road.report(*whole_run(run_id))
    road.wait_until_told(["r1", "r2", "r3"])
    assert road.texts() == [ENDED] * 3
    assert "sent" in road.log(first)
    assert "sent" not in road.log(second)
    first.kill()
    road.report(*whole_run("r4"))
    road.wait_until_told(["r4"])
    assert road.texts() == [ENDED] * 4
    assert "sent" in road.log(second)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("429", {"retry_after": "2"}),
        ("429_float", {"retry_after": "1.5"}),
        ("429", {"retry_after": "2", "error": "rate_limited"}),
        ("429", {"retry_after": "soon"}),
        ("429_no_header", {}),
    ],
)
def test_a_rate_limit_is_waited_for_in_every_shape(road: Road, kind: str, more: dict[str, str]):
    road.fault(kind, times=1, **more)
    road.report(*whole_run("r1"))
    dispatcher = road.dispatcher()
    limited = "select extract(epoch from blocked_until - now()) as seconds from rate_limit where blocked_until > now()"
    road.wait(lambda: road.rows(limited) or road.texts(), "the limit was noted")
    if (waiting := road.rows(limited)) and waiting[0]["seconds"] > 5:
        # Nobody wants to wait for the half minute that follows an unreadable header.
        assert not road.texts()
        road.rows("update rate_limit set blocked_until = now()")
    road.wait_until_told(["r1"])
    assert road.texts() == [ENDED]
    assert dispatcher.poll() is None


def test_a_rate_limit_outlives_the_dispatcher(road: Road):
    road.fault("429", times=1, retry_after="600")
    road.report(*whole_run("r1"))
    road.dispatcher()
    limited = "select * from rate_limit where blocked_until > now() + interval '500 s'"
    road.wait(lambda: road.rows(limited), "the limit was noted")
    road.end()
    road.dispatcher()
    road.wait(lambda: road.rows("select * from lease where until > now()"), "the next dispatcher had begun")
    assert road.rows(limited)
    assert not road.texts()


def test_blocks_that_slack_refuses_are_sent_as_text(road: Road):
    road.report(*whole_run("r1"))
    road.fault("429", times=1, retry_after="600")
    road.dispatcher()
    road.wait(lambda: road.rows("select * from rate_limit where blocked_until > now()"), "the message was held up")
    road.rows("""update delivery set body = jsonb_set(body, '{blocks}', '[{"type": "no_such_block"}]')""")
    road.rows("update rate_limit set blocked_until = now()")
    road.wait_until_told(["r1"])
    assert road.texts() == [ENDED]
    assert road.rows("select * from delivery where plain and state = 'sent'")


def test_a_revoked_token_stops_the_road_and_loses_nothing(road: Road):
    road.fault("revoke_token", method="*", times=1)
    road.report(*whole_run("r1"))
    road.dispatcher()
    road.wait(
        lambda: road.rows("select * from lease where trouble like %s", "%mend the token%"), "the trouble was named"
    )
    assert not road.rows("select * from delivery where state = 'dead'")
    road.rows("update rate_limit set blocked_until = now()")
    road.wait_until_told(["r1"])
    assert road.texts() == [ENDED]
