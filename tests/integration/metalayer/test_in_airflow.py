"""The DAGs that ask, run by a whole Airflow: scheduler, executor, pools, REST, the channel."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from slack_sdk import WebClient

from include.metalayer.operator import names, window
from include.metalayer.query import Rhythm
from local.stack.errors import StackError
from tests.integration.stack import LAB_PARTS, wait_for
from tests.integration.transform.lab import Lab

pytestmark = pytest.mark.stack

DAILY = "meta_layer_daily"
QUESTION = "meta_layer_question"
KEPT = "select question, state, reason from META.LAYER.ANSWERS order by asked_at"


@pytest.fixture(scope="module")
def stack() -> Iterator[Lab]:
    """Airflow, the warehouse and Slack; no syncs, no shop platform."""
    lab = Lab.prepare()
    try:
        result = lab.command("start", *LAB_PARTS, "dags")
        assert result.returncode == 0, f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
        lab.api.unpause(QUESTION)
        yield lab
    finally:
        lab.end()


def messages(stack: Lab) -> list[dict[str, Any]]:
    client = WebClient(token=stack.values["SLACK_BOT_TOKEN"], base_url=f"{stack.layout.slack_url}/api/")
    return list(client.conversations_history(channel=stack.values["SLACK_CHANNEL"], limit=200)["messages"])


def digests(stack: Lab) -> list[str]:
    return [message["text"] for message in messages(stack) if "Snowflake, " in message["text"]]


def wait_for_message(stack: Lab, *words: str) -> None:
    def stands_there() -> bool:
        return any(all(word in str(message) for word in words) for message in messages(stack))

    wait_for(stands_there, f"a message with {words} among {[message['text'] for message in messages(stack)]}", 60)


@contextmanager
def hanging_warehouse(stack: Lab) -> Iterator[None]:
    """A warehouse that takes connections and says nothing."""
    (server,) = stack.processes("local.warehouse", "serve")
    server.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.send_signal(signal.SIGCONT)


def test_a_day_is_asked_kept_and_told(stack: Lab):
    # Unpaused, it makes the run that it owes by itself, as after `make up`.
    stack.api.unpause(DAILY)
    owed = wait_for(lambda: stack.api.latest_run(DAILY), "the day's run to be made")
    run = stack.wait(DAILY, owed["dag_run_id"])
    states = {task["task_id"]: task["state"] for task in stack.api.tasks(DAILY, run["dag_run_id"])}
    assert states == dict.fromkeys([*(f"ask_{query.name}" for query in window(Rhythm.DAILY)), "tell_digest"], "success")
    assert run["state"] == "success"
    kept = {question: state for question, state, _ in stack.query(KEPT)}
    assert kept == dict.fromkeys([query.name for query in window(Rhythm.DAILY)], "answered")
    wait_for_message(stack, "Snowflake, daily", f"{len(kept)} questions", "/meta-layer/")


@pytest.mark.parametrize("name", ["running_now", "unused_tables"])
def test_any_question_can_be_asked_over_rest_and_the_channel_gets_no_digest_of_it(stack: Lab, name: str):
    told = digests(stack)
    run = stack.run(QUESTION, question=name)
    assert run["state"] == "success", stack.failures(QUESTION, run["dag_run_id"])
    assert stack.query(KEPT)[-1][:2] == (name, "answered")
    assert digests(stack) == told


def test_a_question_that_is_none_is_refused_before_anything_runs(stack: Lab):
    with pytest.raises(StackError, match="400"):
        stack.begin(QUESTION, question="drop_everything")
    with pytest.raises(StackError, match="400"):
        stack.begin(QUESTION)
    assert "drop_everything" not in names()


@pytest.mark.slow
def test_a_warehouse_that_hangs_turns_the_question_red_and_the_channel_hears_why(stack: Lab):
    with hanging_warehouse(stack):
        run = stack.run(QUESTION, question="failures")
    assert run["state"] == "failed"
    wait_for_message(stack, QUESTION, "Snowflake cannot be reached")
    assert stack.run(QUESTION, question="failures")["state"] == "success"
