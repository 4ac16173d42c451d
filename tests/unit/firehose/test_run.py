"""What is known of a run: the same whatever the order of its events, and never an earlier state again."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.firehose.event import Event, Kind, RunState, TaskState
from include.firehose.run import fold
from include.settings.vocabulary import Severity

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def event(kind: Kind, second: int, **payload: Any) -> Event:
    name = ":".join(str(value) for value in payload.values())
    facts = {"dag_id": "orders", "run_id": "r", "run_started_at": START.isoformat(), "task_total": 3}
    return Event(
        event_id=f"{kind}:{second}:{name}",
        kind=kind,
        series="af:dag:orders",
        subject_key="af:run:orders:r",
        occurred_at=START + timedelta(seconds=second),
        severity=Severity.INFO,
        payload=facts | payload,
    )


def task(task_id: str, state: TaskState, second: int, try_number: int = 1, **more: Any) -> Event:
    return event(Kind.TASK, second, task_id=task_id, state=state.value, try_number=try_number, max_tries=3, **more)


def end(state: RunState, second: int, **more: Any) -> Event:
    return event(Kind.RUN, second, state=state.value, **more)


def test_a_run_of_which_only_tasks_have_reported_is_running():
    run = fold([task("a", TaskState.SUCCESS, 5)])
    assert (run.state, run.ended_at, run.task_total, len(run.tasks)) == (RunState.RUNNING, None, 3, 1)


def test_the_end_of_a_run_gives_its_state_and_duration():
    run = fold([task("a", TaskState.SUCCESS, 5), end(RunState.SUCCESS, 9)])
    assert (run.state, run.seconds) == (RunState.SUCCESS, 9)


def test_the_order_of_arrival_does_not_matter():
    events = [
        task("a", TaskState.UP_FOR_RETRY, 3),
        task("a", TaskState.SUCCESS, 6, try_number=2),
        task("b", TaskState.FAILED, 7),
        end(RunState.FAILED, 8),
    ]
    assert len({fold(order) for order in itertools.permutations(events)}) == 1


def test_a_late_task_does_not_bring_an_ended_run_back():
    events = [end(RunState.FAILED, 8), task("a", TaskState.FAILED, 7), task("b", TaskState.SUCCESS, 30)]
    assert fold(events).state is RunState.FAILED


def test_the_last_try_of_a_task_counts_whatever_came_last():
    events = [task("a", TaskState.FAILED, 9, try_number=2), task("a", TaskState.UP_FOR_RETRY, 30, try_number=1)]
    (outcome,) = fold(events).tasks
    assert (outcome.state, outcome.try_number) == (TaskState.FAILED, 2)


def test_of_one_try_the_end_counts_over_the_retry():
    events = [task("a", TaskState.FAILED, 9), task("a", TaskState.UP_FOR_RETRY, 10)]
    assert fold(events).tasks[0].state is TaskState.FAILED


def test_mapped_tasks_are_counted_one_by_one():
    run = fold([task("a", TaskState.SUCCESS, 5, map_index=index) for index in range(7)])
    assert [outcome.name for outcome in run.tasks] == [f"a[{index}]" for index in range(7)]
    assert run.task_total == 7


def test_the_first_failure_comes_first():
    run = fold(
        [task("late", TaskState.FAILED, 9), task("early", TaskState.FAILED, 2), task("ok", TaskState.SUCCESS, 1)]
    )
    assert [outcome.task_id for outcome in run.failed_tasks] == ["early", "late"]


def test_a_run_that_is_cleared_runs_again_and_ends_again():
    failed = [task("a", TaskState.FAILED, 5, clear_number=0), end(RunState.FAILED, 8, clear_number=0)]
    again = [*failed, task("b", TaskState.SUCCESS, 20, clear_number=1)]
    success = [*again, task("a", TaskState.SUCCESS, 22, try_number=2, clear_number=1)]
    assert fold(failed).state is RunState.FAILED
    assert fold(again).state is RunState.RUNNING
    assert fold([*success, end(RunState.SUCCESS, 25, clear_number=1)]).state is RunState.SUCCESS
    assert fold([*success, end(RunState.SUCCESS, 25)]).failed_tasks == ()


def test_a_random_history_folds_to_the_same_run_in_any_order():
    dice = random.Random(2017)
    for _ in range(200):
        events = [
            task(dice.choice("abc"), dice.choice(list(TaskState)), dice.randrange(30), try_number=dice.randrange(1, 4))
            for _ in range(dice.randrange(1, 12))
        ] + [
            end(dice.choice([RunState.SUCCESS, RunState.FAILED]), dice.randrange(30)) for _ in range(dice.randrange(3))
        ]
        shuffled = events[:]
        dice.shuffle(shuffled)
        assert fold(events) == fold(shuffled)


def test_nothing_is_no_run():
    with pytest.raises(ValueError, match="at least one"):
        fold([])
