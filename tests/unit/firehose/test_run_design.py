"""Messages: what a reader needs is there, Slack's limits hold for any input, and foreign text stays text."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.firehose import samples
from include.firehose.blocks import MAX_BLOCKS, MAX_CHARS, MAX_TEXT_BYTES, fallback, fitted, preformatted, size
from include.firehose.designs.run import run_message, tell
from include.firehose.designs.style import duration
from include.firehose.designs.telling import Setting
from include.firehose.event import RunState, TaskState
from include.firehose.run import Run, TaskOutcome, fold
from tests.messages import elements, shown, strings

START = datetime(2026, 11, 23, 6, 0, 4, tzinfo=UTC)
SETTING = Setting(airflow_url="http://airflow.test")
EVENTS = dict(samples.runs())
RUNS = {name: fold(events) for name, events in EVENTS.items()}
FAILED = RUNS["a run that failed"]
SYNC = FAILED.failed_tasks[0]


def test_a_run_that_succeeded_is_two_lines_without_colour():
    message = run_message(RUNS["a run that succeeded"], replace(SETTING, usual_seconds=[120, 125, 130, 135, 140]))
    assert message.text == "● storefront_hourly 06:00 · 12/12 · 2m14s (usual 2m00s-2m20s)"
    assert len(message.blocks) == 2
    assert message.blocks[1]["elements"][0]["text"] == (
        "12 ● · 2m14s · usual 2m00s-2m20s · 48,931 rows loaded · 33 tests · scheduled"
    )
    assert message.attachments == []


def test_a_run_under_way_shows_how_far_it_is():
    message = run_message(RUNS["a run under way"], SETTING)
    assert message.text == "◌ storefront_hourly 06:00 · 6/12"
    assert "▰" * 10 + "▱" * 10 + "  6 ●  6 ◌ · since 06:00:04 · 48,931 rows loaded · 15 tests" in shown(message)


def test_a_retried_success_is_told_apart():
    assert "11 ●  1 ▲ ·" in shown(run_message(RUNS["a run that succeeded after a retry"], SETTING))


def test_a_failure_opens_with_the_task_the_error_and_the_way_to_its_log():
    message = run_message(FAILED, SETTING)
    (attachment,) = message.attachments
    line, box = attachment["blocks"][:2]
    assert attachment["color"] == "#d1242f"
    assert line["text"]["text"] == "✕ sync_payments · try 3 of 3 · after 31s"
    assert line["accessory"]["url"] == (
        "http://airflow.test/dags/payments_hourly/runs/scheduled__2026-11-23T06%3A00%3A00%2B00%3A00/tasks/sync_payments"
    )
    (content,) = box["elements"][0]["elements"]
    assert box["elements"][0]["type"] == "rich_text_preformatted"
    assert content["text"].startswith("TimeoutError: HTTPSConnectionPool")
    assert "page 14" not in content["text"]
    assert message.text.startswith("✕ payments_hourly 06:00 · 2/7 · 1m39s · sync_payments: TimeoutError: HTTPS")


def test_a_mapped_task_leads_to_its_own_log():
    task = replace(SYNC, map_index=4)
    line = run_message(replace(FAILED, tasks=(task,)), SETTING).attachments[0]["blocks"][0]
    assert line["accessory"]["url"].endswith("/tasks/sync_payments/mapped/4")
    assert line["text"]["text"].startswith("✕ sync_payments[4]")


def test_a_failure_is_shown_while_the_run_still_goes_on():
    message = run_message(RUNS["a failure while the run goes on"], SETTING)
    assert message.text.startswith("✕ business_marts")
    assert message.attachments


def test_a_killed_task_is_not_blamed_on_an_exception():
    assert "worker was killed" in shown(run_message(RUNS["a task that was killed"], SETTING))


def test_a_run_that_took_too_long_says_so():
    assert "longer than its DAG allows" in run_message(RUNS["a run that took too long"], SETTING).text


def test_several_failures_are_named_and_counted():
    tasks = tuple(replace(SYNC, task_id=f"t{index:02d}") for index in range(20))
    assert "also failed: t01, t02, t03, t04, t05, t06 and 13 more" in shown(
        run_message(replace(FAILED, tasks=tasks), SETTING)
    )


def test_the_assets_that_started_a_run_are_named_and_counted():
    run = RUNS["a run that assets started, with a warning of dbt's"]
    run = replace(run, assets=("marts.a", "marts.b", "marts.c", "marts.d"))
    assert "· after marts.a, marts.b and 2 more" in shown(run_message(run, SETTING))


def test_a_run_that_recovered_after_it_was_cleared_loses_its_red_bar():
    assert run_message(replace(FAILED, state=RunState.SUCCESS), SETTING).attachments == []


def test_times_are_on_the_readers_clock_and_a_backfill_names_its_day():
    run = RUNS["a run that succeeded"]
    assert " 07:00 " in run_message(run, replace(SETTING, timezone=ZoneInfo("Europe/Berlin"))).text
    past = replace(run, run_after=START - timedelta(days=3))
    assert "2026-11-20 06:00" in run_message(past, SETTING).text


def test_a_usual_time_needs_a_few_runs_and_ignores_the_outliers():
    run = RUNS["a run that succeeded"]
    assert "usual" not in run_message(run, replace(SETTING, usual_seconds=[100.0] * 4)).text
    outliers = [1.0, *[100.0] * 10, 9000.0]
    assert "(usual 1m40s)" in run_message(run, replace(SETTING, usual_seconds=outliers)).text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.4, "59s"), (59.6, "1m00s"), (432, "7m12s"), (7500, "2h05m"), (-3, "0s")]
)
def test_durations_read_at_a_glance(seconds: float, text: str):
    assert duration(seconds) == text


HOSTILE = [
    "<!channel>",
    "<@U123>",
    "<!subteam^S1|x>",
    "<http://evil.test|click>",
    "{{ 7*7 }}",
    "`*_~",
    ":tada:",
    "\x00\x07\x1b[31m",
    "\u202egnp.exe",
    "\ud83d",
    "مرحبا",
    "🦄",
    "&amp;",
    "password=hunter2hunter2",
    "a\nb",
    " ",
    "",
]


def hostile_text(dice: random.Random) -> str:
    return "".join(dice.choice(HOSTILE) * dice.choice([1, 1, 1, 30, 900]) for _ in range(dice.randrange(4)))


def hostile_run(dice: random.Random) -> Run:
    tasks = tuple(
        TaskOutcome(
            task_id=hostile_text(dice),
            map_index=dice.choice([-1, 0, 10**9]),
            try_number=dice.randrange(5),
            max_tries=dice.randrange(5),
            state=dice.choice(list(TaskState)),
            ended_at=START + timedelta(seconds=dice.uniform(-1e7, 1e7)),
            started_at=dice.choice([None, START]),
            error_type=hostile_text(dice),
            error_text=hostile_text(dice),
        )
        for _ in range(dice.choice([0, 1, 3, 60]))
    )
    return Run(
        dag_id=hostile_text(dice),
        run_id=hostile_text(dice),
        state=dice.choice(list(RunState)),
        tasks=tasks,
        task_total=max(len(tasks), dice.choice([0, 1, 4000])),
        run_type=hostile_text(dice),
        run_after=dice.choice([None, START]),
        started_at=dice.choice([None, START]),
        ended_at=dice.choice([None, START + timedelta(seconds=90)]),
        reason=dice.choice(["", "timed_out", hostile_text(dice)]),
        assets=tuple(hostile_text(dice) for _ in range(dice.randrange(4))),
    )


@pytest.mark.parametrize("renders", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_input_breaks_slacks_limits_or_the_rules_for_foreign_text(renders: int):
    dice = random.Random(2017)
    for _ in range(renders):
        message = run_message(hostile_run(dice), SETTING)
        blocks = message.blocks + [block for item in message.attachments for block in item["blocks"]]
        assert 0 < len(blocks) <= MAX_BLOCKS
        assert size(blocks) <= MAX_CHARS
        assert 0 < len(message.text.encode()) <= MAX_TEXT_BYTES
        assert "<" not in message.text
        assert ">" not in message.text
        everything = "\n".join(text for text in strings(message.body()) if not text.startswith("http://airflow.test/"))
        assert "hunter2" not in everything
        assert not set(everything) & set("\x00\x07\x1b\u202e\ud83d")
        for element in elements(blocks):
            assert element.get("type") not in {
                "mrkdwn",
                "markdown",
                "user",
                "usergroup",
                "broadcast",
                "emoji",
                "channel",
            }
            if element.get("type") == "plain_text":
                assert element["emoji"] is False
                assert 0 < len(element["text"]) <= 3000
            if "url" in element:
                assert element["url"].startswith("http://airflow.test/dags/")


def test_a_fallback_is_cut_between_characters_and_entities():
    text = fallback("<&>" * 5000)
    assert len(text.encode()) <= MAX_TEXT_BYTES
    assert text.replace("&lt;", "").replace("&amp;", "").replace("&gt;", "") == "…"
    assert fallback("🦄" * 5000).rstrip("…").strip("🦄") == ""
    assert fallback(" \n ") == "(no text)"


def test_more_blocks_than_a_message_holds_are_left_out_from_the_end():
    kept = fitted([preformatted(f"{number} " + "x" * 900, 900) for number in range(60)])
    assert size(kept) <= MAX_CHARS
    assert kept[0]["elements"][0]["elements"][0]["text"].startswith("0 ")


def test_a_secret_of_this_process_is_masked_in_an_error():
    task = replace(SYNC, error_text="could not log in with opensesame-42")
    message = run_message(replace(FAILED, tasks=(task,)), replace(SETTING, secrets=["opensesame-42"]))
    assert "opensesame-42" not in "\n".join(strings(message.body()))


def lines(name: str, setting: Setting = SETTING) -> list[str]:
    return [line.text for line in tell(EVENTS[name], setting).lines]


def test_a_sync_says_what_it_loaded_and_what_is_usual():
    sync = EVENTS["a run that succeeded"][0].event_id
    before = [45_210, 51_004, 47_998, 46_120, 52_330]
    line = lines("a run that succeeded", replace(SETTING, rows_before={sync: before}))[0]
    assert line == (
        "● sync_storefront 16s · 48,931 rows · 61 MB · order_lines 30,120, orders 12,044, products 6,767 · "
        "usually 45,210-52,330 rows ▇█▇▇█"
    )


def test_a_sync_that_brings_nothing_where_something_usually_comes_is_marked():
    events = EVENTS["a run that succeeded"]
    empty = {"rows": 0, "bytes": 0, "streams": {}}
    sync = replace(events[0], payload=dict(events[0].payload) | {"facts": empty})
    setting = replace(SETTING, rows_before={sync.event_id: [5, 6, 7, 8, 9]})
    telling = tell([sync, *events[1:]], setting)
    assert telling.message.text.startswith("▲ storefront_hourly")
    assert telling.lines[0].text.startswith("▲ sync_storefront 16s · 0 rows")
    quiet = tell([sync, *events[1:]], replace(SETTING, rows_before={sync.event_id: [0, 6, 7, 8, 9]}))
    assert quiet.message.text.startswith("● storefront_hourly")


def test_a_warning_of_dbts_is_marked_and_counted():
    name = "a run that assets started, with a warning of dbt's"
    telling = tell(EVENTS[name], SETTING)
    assert telling.message.text.startswith("▲ business_marts")
    assert "26 tests, 1 warning" in shown(telling.message)
    assert lines(name)[-1] == "▲ fct_orders 4s · 48,210 rows · 5 tests · 1 warning"


def test_every_end_of_a_task_is_a_line_and_a_retry_is_one_of_its_own():
    assert [line.split(" · ")[0] for line in lines("a run that succeeded after a retry")[:2]] == [
        "▲ sync_storefront",
        "▲ sync_storefront 9s",
    ]


def test_a_failure_says_how_often_in_a_row_whose_it_is_and_what_waits_for_it():
    event_id = EVENTS["a run that failed"][0].event_id
    message = tell(EVENTS["a run that failed"], replace(SETTING, failures_in_a_row={event_id: 3})).message
    assert message.attachments[0]["blocks"][2]["elements"][0]["text"] == (
        "3rd time in a row · owner data · holds up stg_payments__charges, fct_payments"
        " · not renewed: marts.fct_payments"
    )


def test_a_silenced_failure_is_told_without_colour_and_with_the_reason():
    telling = tell(EVENTS["a run that failed"], replace(SETTING, silenced="Silenced until 2026-12-01 by ada: moving"))
    assert telling.message.attachments == []
    assert "by ada: moving" in shown(telling.message)
    assert telling.priority > 0
    assert not any(line.blocks for line in telling.lines)


def test_a_run_that_a_person_has_marked_says_who_did_it():
    done = replace(RUNS["a run that succeeded"], note="Marked success by ada.")
    failed = replace(done, state=RunState.FAILED, note="Marked failed by ada.")
    assert "Marked success by ada." in shown(run_message(done, SETTING))
    assert "Marked failed by ada." in shown(run_message(failed, SETTING))
