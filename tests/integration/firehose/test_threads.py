"""A run's thread: every end of a task is one line, in order, under its root, whatever dies or gets lost in between."""

from __future__ import annotations

import random
import signal

import pytest

from include.firehose.event import RunState, TaskState
from tests.integration.firehose.road import CHANNEL, Road, run_event, task_event, whole_run

CRASHING = "tests/integration/firehose/crashing_dispatcher.py"
LINES = ["● a", "● b", "● c"]


def lines(road: Road, number: int = 0) -> list[str]:
    return road.thread(road.messages()[number])


def test_each_end_of_a_task_is_one_line_in_the_order_of_the_ends(road: Road):
    road.dispatcher()
    road.report(task_event("r1", "b", TaskState.SUCCESS, second=20), task_event("r1", "a", TaskState.SUCCESS))
    road.report(task_event("r1", "c", TaskState.SKIPPED, second=30), run_event("r1", RunState.SUCCESS))
    road.wait_until_told(["r1"])
    assert lines(road) == ["● a", "● b", "○ c · skipped"]


def test_a_failure_opens_in_a_reply_of_its_own_and_keeps_its_place(road: Road):
    error = {"type": "ValueError", "text": "no <!channel> here\nline 2"}
    road.report(
        task_event("r1", "a", TaskState.SUCCESS, second=10),
        task_event("r1", "b", TaskState.FAILED, second=20, error=error, owner="ada"),
        task_event("r1", "c", TaskState.UPSTREAM_FAILED, second=30),
        run_event("r1", RunState.FAILED),
    )
    road.dispatcher()
    road.wait_until_told(["r1"])
    root = road.messages()[0]
    assert lines(road) == [
        "● a",
        "✕ b · failed · ValueError: no &lt;!channel&gt; here",
        "○ c · not run, something before it failed",
    ]
    replies = road.api("conversations.replies", channel=CHANNEL, ts=root["ts"])["messages"][1:]
    opened = replies[1]["blocks"]
    assert opened[1]["elements"][0]["elements"][0]["text"] == "ValueError: no <!channel> here\nline 2"
    assert "first time" in opened[2]["elements"][0]["text"]
    assert "owner ada" in opened[2]["elements"][0]["text"]


def test_the_second_failure_in_a_row_says_so(road: Road):
    road.dispatcher()
    road.report(task_event("r1", "a", TaskState.FAILED), run_event("r1", RunState.FAILED))
    road.report(task_event("r2", "a", TaskState.FAILED, second=70), run_event("r2", RunState.FAILED, second=90))
    road.wait_until_told(["r1", "r2"])
    said = [message["attachments"][0]["blocks"][2]["elements"][0]["text"] for message in road.messages()]
    assert ["first time" in text for text in said] == [True, False]
    assert "2nd time in a row" in said[1]


def test_a_late_line_is_added_and_none_is_repeated(road: Road):
    road.dispatcher()
    road.report(*whole_run("r1"))
    road.wait_until_told(["r1"])
    road.report(task_event("r1", "d", TaskState.SUCCESS, second=40), *whole_run("r1"))
    road.wait_until_told(["r1"])
    assert lines(road) == [*LINES, "● d"]


def test_a_reply_whose_answer_was_lost_is_found_in_the_thread(road: Road):
    road.report(*whole_run("r1"))
    road.dispatcher()
    road.wait_until_told(["r1"])
    road.fault("accept_then_drop", times=1)
    road.report(task_event("r1", "d", TaskState.SUCCESS, second=40))
    road.wait_until_told(["r1"])
    assert lines(road) == [*LINES, "● d"]


def test_a_thread_whose_root_was_deleted_goes_on_below_a_new_root(road: Road):
    road.dispatcher()
    road.report(task_event("r1", "a", TaskState.SUCCESS, second=0))
    road.wait_until_told(["r1"])
    (root,) = road.messages()
    for message in road.api("conversations.replies", channel=CHANNEL, ts=root["ts"])["messages"][::-1]:
        road.api("chat.delete", channel=CHANNEL, ts=message["ts"])
    road.report(task_event("r1", "b", TaskState.SUCCESS), task_event("r1", "c", TaskState.SUCCESS, second=20))
    road.report(run_event("r1", RunState.SUCCESS))
    road.wait_until_told(["r1"])
    assert road.texts() == ["● orders 06:00 · 3/3 · 1m00s"]
    assert lines(road) == ["● b", "● c"]


@pytest.mark.parametrize(
    ("step", "first"),
    [
        pytest.param("before a reply", 1, marks=pytest.mark.slow),
        ("after a reply", 1),
        pytest.param("before the outcome is committed", 2, marks=pytest.mark.slow),
    ],
)
def test_a_dispatcher_killed_around_a_reply_loses_and_doubles_no_line(road: Road, step: str, first: int):
    road.report(*whole_run("r1"))
    for number, nth in enumerate((first, 1)):
        process = road.dispatcher(CRASHING, step, str(nth))
        assert process.wait(120) == -signal.SIGKILL, road.log(process)
        road.report(task_event("r1", f"d{number}", TaskState.SUCCESS, second=40 + number))
    road.dispatcher()
    road.wait_until_told(["r1"])
    assert lines(road) == [*LINES, "● d0", "● d1"]


def test_hundreds_of_lines_come_in_few_replies_and_all_of_them_once(road: Road):
    names = [f"t{number:03d}" for number in range(300)]
    shuffled = list(enumerate(names))
    random.Random(7).shuffle(shuffled)
    road.report(*[task_event("r1", name, TaskState.SUCCESS, second=second) for second, name in shuffled])
    road.report(run_event("r1", RunState.SUCCESS, second=400))
    road.dispatcher()
    road.wait_until_told(["r1"])
    assert lines(road) == [f"● {name}" for name in names]
    assert len(road.calls("chat.postMessage")) <= 5
