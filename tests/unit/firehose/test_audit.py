"""The audit's comparisons: what one book has and another has not is named, and nothing else is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.firehose.audit import NAMED, Audit, Comparison, audit, doubled, missing_messages, older_roots, unheard
from include.firehose.channel import Found
from include.firehose.event import RunState, TaskState, again, run_event_id, run_subject, task_event_id
from include.firehose.ledgers import FinalState, SentDelivery, final_states

SINCE = datetime(2026, 11, 22, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
NOON = f"{(SINCE + timedelta(hours=12)).timestamp():.6f}"
ONE = f"{(SINCE + timedelta(hours=13)).timestamp():.6f}"
LAST_WEEK = f"{(SINCE - timedelta(days=7)).timestamp():.6f}"


def task_state(task_id: str, state: TaskState = TaskState.SUCCESS) -> FinalState:
    return FinalState(task_event_id("orders", "r1", task_id, -1, 1, state), run_subject("orders", "r1"))


def delivery(ts: str, *, op: str = "post", current_ts: str = "", delivery_id: str = "d1") -> SentDelivery:
    return SentDelivery(delivery_id, run_subject("orders", "r1"), op, ts, current_ts or ts)


def with_items(*items: str) -> Audit:
    return Audit(
        SINCE, UNTIL, (Comparison("lost things", "look for them", 100, items), Comparison("others", "wait", 7))
    )


class History:
    """Two pages of Airflow's answers, by cursor as Airflow gives them."""

    def __init__(self, runs: list[dict[str, Any]], tasks: list[dict[str, Any]]) -> None:
        self._rows = {"dag_runs": runs, "task_instances": tasks}
        self.asked: list[dict[str, Any]] = []

    def get(self, path: str, /, **params: Any) -> Mapping[str, Any]:
        self.asked.append(params)
        name = "task_instances" if path.endswith("taskInstances") else "dag_runs"
        if params["cursor"] == "":
            return {name: self._rows[name][:1], "next_cursor": "second"}
        assert params["cursor"] == "second"
        return {name: self._rows[name][1:], "next_cursor": None}


def test_every_page_is_read_and_only_states_that_are_final_count():
    run = {"dag_id": "orders", "dag_run_id": "r1"}
    runs = [{**run, "state": "success"}, {**run, "dag_run_id": "r2", "state": "running"}]
    task = {**run, "map_index": -1, "try_number": 1}
    states = ("upstream_failed", None, "running", "up_for_retry", "removed", "skipped", "failed", "success")
    tasks = [{**task, "task_id": f"t{place}", "state": state} for place, state in enumerate(states)]
    history = History(runs, tasks)

    found = [state.event_id.removeprefix("af:") for state in final_states(history, SINCE, UNTIL)]

    assert found == [
        "run:orders:r1:success",
        *(f"ti:orders:r1:{end}" for end in ("t0:-1:1:upstream_failed", "t4:-1:1:removed", "t5:-1:1:skipped")),
        *(f"ti:orders:r1:{end}" for end in ("t6:-1:1:failed", "t7:-1:1:success")),
    ]
    assert {asked["updated_at_gte"] for asked in history.asked} == {SINCE.isoformat()}
    assert {asked["updated_at_lt"] for asked in history.asked} == {UNTIL.isoformat()}


def test_a_state_without_its_event_is_unheard():
    states = [task_state("a"), task_state("b"), task_state("c", TaskState.FAILED)]
    heard = {states[0].event_id, task_state("c", TaskState.UP_FOR_RETRY).event_id}
    assert unheard(states, heard) == states[1:]


@pytest.mark.parametrize(
    "event_id",
    [
        run_event_id("orders", "r1", RunState.SUCCESS, clear_number=2),
        again(run_event_id("orders", "r1", RunState.SUCCESS), 3),
    ],
)
def test_a_state_that_was_told_of_a_later_round_is_heard(event_id: str):
    state = FinalState(run_event_id("orders", "r1", RunState.SUCCESS), run_subject("orders", "r1"))
    assert not unheard([state], {event_id})
    assert unheard([state], {event_id.replace("success", "failed")}) == [state]


def test_a_message_that_slack_shows_is_not_missing_however_often_it_was_edited():
    sent = [delivery(NOON), delivery(NOON, op="update", delivery_id="d2")]
    assert missing_messages(sent, [Found("d1", NOON, "x")]) == ([], 0)


def test_a_message_that_slack_does_not_show_is_missing_once():
    sent = [delivery(NOON), delivery(NOON, op="update", delivery_id="d2"), delivery(ONE, op="reply", delivery_id="d3")]
    missing, replaced = missing_messages(sent, [])
    assert [line.split(":")[0] for line in missing] == [NOON, ONE]
    assert replaced == 0


def test_a_deleted_message_that_was_posted_anew_is_replaced_and_its_replies_are_not():
    sent = [
        delivery(NOON, current_ts=ONE),
        delivery(ONE, delivery_id="d2"),
        delivery(NOON + "1", op="reply", current_ts=ONE, delivery_id="d3"),
    ]
    missing, replaced = missing_messages(sent, [Found("d2", ONE, "x")])
    assert [line.split(":")[0] for line in missing] == [NOON + "1"]
    assert replaced == 1


def test_messages_older_than_the_span_are_looked_up_by_themselves():
    sent = [
        delivery(NOON),
        delivery(LAST_WEEK, op="update", delivery_id="d2"),
        delivery(ONE, op="reply", current_ts=LAST_WEEK + "1", delivery_id="d3"),
    ]
    assert older_roots(sent, SINCE) == {LAST_WEEK, LAST_WEEK + "1"}


def test_a_delivery_that_stands_in_the_channel_twice_is_named_with_both_places():
    found = [Found("d1", NOON, "x"), Found("d2", NOON, "y"), Found("d1", ONE, "x")]
    assert doubled(found) == [f"d1: {NOON}, {ONE}"]


def test_an_audit_without_a_gap_exits_with_zero():
    nothing = with_items()
    assert (nothing.unaccounted, nothing.exit_code) == (0, 0)
    assert nothing.lines()[-1] == "0 unaccounted"
    assert not any("look for them" in line for line in nothing.lines())


def test_an_audit_with_a_gap_names_it_and_says_what_to_do():
    found = with_items("af:ti:orders:r1:a:-1:1:success")
    assert found.exit_code == 1
    assert "lost things: look for them" in found.lines()
    assert "  af:ti:orders:r1:a:-1:1:success" in found.lines()
    assert found.lines()[-1] == "1 unaccounted"


def test_no_more_than_twenty_items_are_named():
    lines = with_items(*(f"item {number}" for number in range(NAMED + 5))).lines()
    assert sum(line.startswith("  item ") for line in lines) == NAMED
    assert "  and 5 more" in lines


def test_foreign_text_in_an_item_cannot_leak_or_move_the_terminal():
    (line,) = [line for line in with_items("1.2: password=hunter2hunter2\n\x1b[2Jgone").lines() if "1.2" in line]
    assert line == "  1.2: password=*** gone"


@pytest.mark.parametrize(
    ("since", "until"),
    [(UNTIL, SINCE), (SINCE, SINCE), (SINCE.replace(tzinfo=None), UNTIL.replace(tzinfo=None))],
)
def test_a_span_that_is_none_is_refused_with_a_sentence(since: datetime, until: datetime):
    with pytest.raises(ValueError, match="begins before it ends"):
        audit(None, History([], []), None, since, until)  # type: ignore[arg-type]
