"""The waiting half of a sync: what it bears, how it ends, and that it never blocks the triggerer."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from include.airbyte.job import Job
from include.airbyte.trigger import AirbyteSyncTrigger
from include.airbyte.watch import Ending, Outcome, delays


def trigger(**options: Any) -> AirbyteSyncTrigger:
    defaults: dict[str, Any] = {
        "job_id": 1,
        "airbyte_conn_id": "airbyte_default",
        "deadline": time.time() + 60,
        "poll_seconds": 0.01,
        "max_poll_seconds": 0.02,
        "patience": 20.0,
    }
    return AirbyteSyncTrigger(**{**defaults, **options})


def first_event(waiting: AirbyteSyncTrigger) -> Ending:
    async def fire() -> Any:
        events: AsyncIterator[Any] = waiting.run()
        return await anext(events)

    return Ending.of_event(asyncio.run(fire()).payload)


@pytest.mark.parametrize("status", ["queued", "pending", "incomplete", "a_status_of_next_year"])
def test_a_status_that_is_not_final_is_waited_out(airbyte, status):
    airbyte.add_job(status, status, status, "succeeded")
    ending = first_event(trigger())
    assert (ending.outcome, ending.job and ending.job.status) == (Outcome.OVER, "succeeded")


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_any_end_of_the_job_is_reported_with_the_job(airbyte, status):
    airbyte.add_job("running", status)
    ending = first_event(trigger())
    assert (ending.outcome, ending.job and ending.job.status) == (Outcome.OVER, status)


@pytest.mark.parametrize("status", [500, 429, 0])
def test_errors_while_polling_are_borne(airbyte, status):
    airbyte.add_job("running", "succeeded")
    for _ in range(5):
        airbyte.answer_next("GET", r"/jobs/\d+", status, {})
    assert first_event(trigger()).outcome is Outcome.OVER


def test_silence_ends_the_watch_only_when_it_lasts_without_a_break(airbyte):
    airbyte.add_job(*["running"] * 30, "succeeded")
    # Every other look fails, for longer in sum than the patience.
    for look in range(30):
        airbyte.answer_next("GET", "/jobs/1", 503 if look % 2 else 200, airbyte.jobs[1].answer())
    assert first_event(trigger(patience=0.15)).outcome is Outcome.OVER


def test_silence_that_lasts_is_reported_and_cancels_nothing(airbyte):
    airbyte.add_job("running")
    for _ in range(1000):
        airbyte.answer_next("GET", r"/jobs/\d+", 503, {})
    ending = first_event(trigger(patience=0.1))
    assert ending.outcome is Outcome.LOST
    assert "Nothing was heard of job 1" in ending.message
    assert not airbyte.made("DELETE", ".*")


def test_an_airbyte_that_is_away_is_waited_for(airbyte, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", '{"conn_type": "airbyte", "host": "http://127.0.0.1:9"}')
    ending = first_event(trigger(patience=0.1))
    assert ending.outcome is Outcome.LOST
    assert "is it running?" in ending.message


def test_a_job_that_airbyte_does_not_know_ends_the_watch_at_once(airbyte):
    ending = first_event(trigger(job_id=99))
    assert ending.outcome is Outcome.LOST
    assert "Job is not currently running" in ending.message
    assert len(airbyte.made("GET", "/jobs/99")) == 1


def test_a_missing_airflow_connection_ends_the_watch_with_its_name(airbyte, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_AIRBYTE_DEFAULT")
    ending = first_event(trigger(patience=0.05))
    assert ending.outcome is Outcome.LOST
    assert "airbyte_default" in ending.message


def test_the_deadline_is_reported_once_it_is_over(airbyte):
    airbyte.add_job("running")
    ending = first_event(trigger(deadline=time.time() + 0.1))
    assert (ending.outcome, ending.message) == (Outcome.DEADLINE, "Job 1 is still running at its deadline.")


def test_a_job_that_ended_in_time_is_no_timeout_though_the_deadline_has_passed(airbyte):
    airbyte.add_job("succeeded")
    assert first_event(trigger(deadline=time.time() - 1)).outcome is Outcome.OVER


def test_the_deadline_holds_while_airbyte_is_silent(airbyte):
    airbyte.add_job("running")
    for _ in range(1000):
        airbyte.answer_next("GET", r"/jobs/\d+", 503, {})
    assert first_event(trigger(deadline=time.time() + 0.1)).outcome is Outcome.DEADLINE


def test_the_event_loop_goes_on_while_airbyte_is_slow(airbyte):
    airbyte.add_job("succeeded")
    looked = asyncio.Event

    async def run() -> bool:
        asked, answered = looked(), looked()
        loop = asyncio.get_running_loop()

        def slow_answer() -> dict[str, Any]:
            loop.call_soon_threadsafe(asked.set)
            # The answer waits for the loop: a blocked loop would never give it.
            future = asyncio.run_coroutine_threadsafe(asyncio.sleep(0, result=True), loop)
            assert future.result(timeout=10)
            loop.call_soon_threadsafe(answered.set)
            return airbyte.jobs[1].answer()

        airbyte.answer_next("GET", "/jobs/1", 200, slow_answer)
        event = await anext(trigger().run())
        await asyncio.sleep(0)
        return asked.is_set() and answered.is_set() and event.payload["outcome"] == "over"

    assert asyncio.run(run())


def test_a_person_who_clears_the_task_cancels_the_job(airbyte):
    airbyte.add_job("running")
    asyncio.run(trigger().on_kill())
    assert airbyte.jobs[1].statuses[0] == "cancelled"


def test_a_job_that_is_over_is_not_cancelled(airbyte):
    airbyte.add_job("succeeded")
    asyncio.run(trigger().on_kill())
    assert not airbyte.made("DELETE", ".*")


def test_a_triggerer_that_restarts_cancels_nothing(airbyte):
    airbyte.add_job("running")
    asyncio.run(trigger().cleanup())
    assert not airbyte.made("DELETE", ".*")


def test_it_can_be_made_again_from_what_is_kept_and_keeps_no_secret(airbyte):
    path, arguments = trigger(deadline=5.0).serialize()
    module, _, name = path.rpartition(".")
    again = getattr(importlib.import_module(module), name)(**arguments)
    assert again.serialize() == (path, arguments)
    assert airbyte.client_id not in repr(arguments)


def test_an_ending_survives_the_way_through_airflows_database():
    job = Job(id=1, connection_id="c", status="succeeded", started_at="", rows=1, bytes=2, seconds=3.0)
    for ending in (Ending(outcome=Outcome.OVER, job=job), Ending(outcome=Outcome.LOST, message="gone")):
        assert Ending.of_event(ending.as_event()) == ending


def test_looks_come_soon_at_first_and_never_further_apart_than_asked():
    pauses = delays(0.5, 10.0)
    first = [next(pauses) for _ in range(40)]
    assert first[0] == 0.5
    assert first == sorted(first)
    assert first[-1] == 10.0
