"""The sync task against an Airbyte that does everything it can do, with the provider's own hook."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred

from include.airbyte.operator import JOB_KEY, AirbyteSyncOperator

ORDERS = Asset(name="raw.storefront.orders", uri="snowflake://local/RAW/STOREFRONT/ORDERS")
SHOPS = Asset(name="raw.storefront.shops", uri="snowflake://local/RAW/STOREFRONT/SHOPS")
OTHER_ID = "22222222-2222-4222-8222-222222222222"

CONFIG_ERROR = {
    "job": {"id": 1},
    "attempts": [
        {
            "attempt": {
                "id": 0,
                "failureSummary": {
                    "failures": [
                        {
                            "failureOrigin": "source",
                            "failureType": "config_error",
                            "externalMessage": "HTTP 401: the key is wrong.",
                        }
                    ]
                },
            }
        }
    ],
}


def operator(**options: Any) -> AirbyteSyncOperator:
    defaults: dict[str, Any] = {
        "task_id": "sync_storefront",
        "connection": "storefront",
        "streams": {"orders": ORDERS, "shops": SHOPS},
        "deferrable": False,
        "poll_seconds": 0.01,
        "max_poll_seconds": 0.02,
        "patience": 20.0,
    }
    return AirbyteSyncOperator(**{**defaults, **options})


def statistics(**rows: int) -> dict[str, Any]:
    streams = [{"streamName": name, "recordsCommitted": count, "bytesCommitted": 10} for name, count in rows.items()]
    return {"job": {"id": 1, "streamAggregatedStats": streams}, "attempts": []}


def test_a_finished_sync_returns_its_figures(airbyte, context):
    airbyte.report = statistics(orders=40, shops=2)
    result = operator().execute(context)
    assert result == {
        "job_id": 1,
        "connection": "storefront",
        "connection_id": "11111111-1111-4111-8111-111111111111",
        "status": "succeeded",
        "rows": 42,
        "bytes": 1024,
        "seconds": 65.0,
        "started_at": "2026-11-22T10:00Z",
        "streams": {"orders": {"rows": 40, "bytes": 10}, "shops": {"rows": 2, "bytes": 10}},
        "url": result["url"],
    }
    assert result["url"].endswith("/workspaces/w1/connections/11111111-1111-4111-8111-111111111111/job-history")


def test_each_stream_gets_an_asset_event_with_its_own_figures(airbyte, context):
    airbyte.report = statistics(orders=40)
    operator().execute(context)
    orders, shops = context["outlet_events"][ORDERS].extra, context["outlet_events"][SHOPS].extra
    assert (orders["stream"], orders["rows"], orders["bytes"], orders["seconds"]) == ("orders", 40, 10, 65.0)
    assert (shops["stream"], shops["rows"], shops["bytes"]) == ("shops", 0, 0)
    assert orders["job_id"] == shops["job_id"] == 1


def test_without_the_config_api_no_figure_per_stream_is_invented(airbyte, context):
    result = operator().execute(context)
    assert result["streams"] is None
    assert "rows" not in context["outlet_events"][ORDERS].extra


def test_without_the_config_api_the_only_stream_has_the_jobs_figures(airbyte, context):
    operator(streams={"orders": ORDERS}).execute(context)
    assert context["outlet_events"][ORDERS].extra["rows"] == 42


@pytest.mark.parametrize("status", ["queued", "pending", "incomplete", "a_status_of_next_year"])
def test_a_status_that_is_not_final_is_waited_out(airbyte, context, status):
    airbyte.next_statuses = (status, status, status, "succeeded")
    assert operator().execute(context)["status"] == "succeeded"
    assert not airbyte.made("DELETE", ".*")


@pytest.mark.parametrize("status", [500, 502, 429, 0])
def test_errors_while_polling_do_not_end_the_task(airbyte, context, status):
    for _ in range(5):
        airbyte.answer_next("GET", r"/jobs/\d+", status, {})
    assert operator().execute(context)["status"] == "succeeded"
    assert len(airbyte.made("POST", "/jobs")) == 1


def test_a_page_that_is_no_json_does_not_end_the_task(airbyte, context):
    airbyte.answer_next("GET", r"/jobs/\d+", 200, "<html>maintenance</html>")
    assert operator().execute(context)["status"] == "succeeded"


def test_silence_that_lasts_fails_and_the_next_try_joins_the_job(airbyte, context):
    airbyte.next_statuses = ("running",)
    for _ in range(10_000):
        airbyte.answer_next("GET", r"/jobs/\d+", 503, {})
    with pytest.raises(AirflowException, match="Nothing was heard of job 1"):
        operator(patience=0.05).execute(context)
    airbyte.next_answers.clear()
    airbyte.jobs[1].statuses.extend(["running", "succeeded"])
    assert operator().execute(context)["job_id"] == 1
    assert len(airbyte.made("POST", "/jobs")) == 1
    assert not airbyte.made("DELETE", ".*")


def test_a_rejected_token_is_renewed_once_without_anyone_noticing(airbyte, context):
    airbyte.answer_next("GET", r"/jobs/\d+", 401, {})
    assert operator().execute(context)["status"] == "succeeded"
    assert airbyte.tokens == 2


def test_wrong_credentials_fail_at_once_and_say_so(airbyte, context):
    airbyte.answer_next("POST", "/applications/token", 401, {})
    with pytest.raises(AirflowFailException, match="check the client id and secret"):
        operator().execute(context)


def test_a_lost_answer_to_the_start_does_not_start_a_second_sync(airbyte, context):
    airbyte.add_job("succeeded")

    def start() -> None:
        airbyte.start_job()

    airbyte.answer_next("POST", "/jobs", 0, start)
    assert operator(on_conflict="fail").execute(context)["job_id"] == 2
    assert len(airbyte.made("POST", "/jobs")) == 1


def test_a_lost_answer_of_a_job_that_is_already_over_counts_as_this_tasks_job(airbyte, context):
    airbyte.next_statuses = ("succeeded",)

    def start() -> None:
        airbyte.start_job()

    airbyte.answer_next("POST", "/jobs", 500, start)
    assert operator().execute(context)["job_id"] == 1
    assert len(airbyte.jobs) == 1


def test_a_server_error_at_the_start_is_tried_again(airbyte, context):
    airbyte.answer_next("POST", "/jobs", 500, {})
    assert operator().execute(context)["status"] == "succeeded"
    assert len(airbyte.made("POST", "/jobs")) == 2


def test_a_sync_that_somebody_else_started_is_joined(airbyte, context):
    running = airbyte.add_job("running", "running", "succeeded")
    assert operator().execute(context)["job_id"] == running
    assert not airbyte.made("POST", "/jobs")


def test_the_running_sync_is_found_behind_a_long_history(airbyte, context):
    for _ in range(20):
        airbyte.add_job("succeeded")
    running = airbyte.add_job("running", "running", "succeeded")
    assert operator().execute(context)["job_id"] == running
    assert not airbyte.made("POST", "/jobs")


def test_a_conflict_that_comes_between_look_and_start_is_joined(airbyte, context):
    def somebody_starts() -> dict[str, Any]:
        airbyte.start_job()
        return {"data": {"message": "A sync is already running"}}

    airbyte.answer_next("POST", "/jobs", 409, somebody_starts)
    assert operator().execute(context)["job_id"] == 1


def test_on_conflict_fail_explains_and_leaves_the_other_sync_alone(airbyte, context):
    airbyte.add_job("running")
    with pytest.raises(AirflowException, match="Job 1 of connection `storefront` is already running"):
        operator(on_conflict="fail").execute(context)
    assert not airbyte.made("DELETE", ".*")


def test_a_retry_joins_the_job_of_the_earlier_try(airbyte, context):
    context["task_state_store"].set(JOB_KEY, airbyte.add_job("running", "running", "succeeded"))
    assert operator(on_conflict="fail").execute(context)["job_id"] == 1
    assert not airbyte.made("POST", "/jobs")


def test_clearing_a_successful_task_syncs_again(airbyte, context):
    operator().execute(context)
    assert JOB_KEY not in context["task_state_store"]
    assert operator().execute(context)["job_id"] == 2


@pytest.mark.parametrize("final", ["succeeded", "failed", "cancelled"])
def test_a_remembered_job_that_is_over_is_not_joined(airbyte, context, final):
    context["task_state_store"].set(JOB_KEY, airbyte.add_job(final))
    assert operator().execute(context)["job_id"] == 2


def test_a_remembered_job_of_another_connection_is_not_joined(airbyte, context):
    context["task_state_store"].set(JOB_KEY, airbyte.add_job("running", connection_id=OTHER_ID))
    airbyte.answer_next("POST", "/jobs", 200, airbyte.jobs[1].answer() | {"jobId": 2})
    airbyte.jobs[2] = type(airbyte.jobs[1])(2, type(airbyte.jobs[1].statuses)(["succeeded"]))
    assert operator().execute(context)["job_id"] == 2


def test_a_remembered_job_that_airbyte_forgot_is_replaced(airbyte, context):
    context["task_state_store"].set(JOB_KEY, 99)
    assert operator().execute(context)["job_id"] == 1


def test_a_failed_job_says_why_and_may_be_retried(airbyte, context):
    airbyte.next_statuses = ("running", "failed")
    airbyte.report = {
        "job": {"id": 1},
        "attempts": [
            {"attempt": {"id": 0, "failureSummary": {"failures": [{"failureOrigin": "destination"}]}}},
            {
                "attempt": {
                    "id": 1,
                    "failureSummary": {
                        "failures": [
                            {
                                "failureOrigin": "source",
                                "failureType": "transient_error",
                                "externalMessage": "The database went away.",
                            }
                        ]
                    },
                }
            },
        ],
    }
    with pytest.raises(AirflowException) as error:
        operator().execute(context)
    assert not isinstance(error.value, AirflowFailException)
    assert str(error.value).startswith(
        "Airbyte job 1 (connection 'storefront') failed after 2 attempts: source transient_error: "
        "The database went away. See http://"
    )
    assert JOB_KEY not in context["task_state_store"]


def test_a_wrong_configuration_is_not_retried(airbyte, context):
    airbyte.next_statuses = ("failed",)
    airbyte.report = CONFIG_ERROR
    with pytest.raises(AirflowFailException, match="after 1 attempt: source config_error: HTTP 401: the key is wrong"):
        operator().execute(context)


def test_a_failed_job_without_reason_still_fails_with_its_number(airbyte, context):
    airbyte.next_statuses = ("failed",)
    with pytest.raises(AirflowException, match=r"Airbyte job 1 \(connection 'storefront'\) failed"):
        operator().execute(context)


def test_a_job_that_a_person_cancelled_is_not_started_again(airbyte, context):
    airbyte.next_statuses = ("running", "cancelled")
    with pytest.raises(AirflowFailException, match="cancelled"):
        operator().execute(context)


def test_a_joined_job_that_is_cancelled_is_retried(airbyte, context):
    airbyte.add_job("running", "running", "cancelled")
    with pytest.raises(AirflowException) as error:
        operator().execute(context)
    assert not isinstance(error.value, AirflowFailException)


def test_at_the_deadline_the_job_is_cancelled_and_the_task_fails(airbyte, context):
    airbyte.next_statuses = ("running",)
    with pytest.raises(AirflowException, match="still running at its deadline"):
        operator(timeout=0.05).execute(context)
    assert len(airbyte.made("DELETE", "/jobs/1")) == 1


def test_an_unknown_connection_is_answered_with_close_names(airbyte, context):
    airbyte.add_connection("payments", id=OTHER_ID)
    airbyte.add_connection("product_analytics", id=OTHER_ID)
    with pytest.raises(AirflowFailException, match=r"no connection `storefrnt` \(it has storefront\): run"):
        operator(connection="storefrnt").execute(context)


def test_a_connection_is_found_on_any_page(airbyte, context):
    airbyte.connections.clear()
    for number in range(5):
        airbyte.add_connection(f"other_{number}", id=OTHER_ID)
    airbyte.add_connection("storefront")
    assert operator().execute(context)["connection"] == "storefront"


def test_a_connection_is_found_by_its_id(airbyte, context):
    assert operator(connection="11111111-1111-4111-8111-111111111111").execute(context)["connection"] == "storefront"


def test_two_connections_of_one_name_are_refused(airbyte, context):
    airbyte.add_connection("storefront", id=OTHER_ID)
    with pytest.raises(AirflowFailException, match=f"several connections `storefront` .*{OTHER_ID}"):
        operator().execute(context)


def test_an_inactive_connection_is_refused_with_what_to_do(airbyte, context):
    airbyte.connections[0]["status"] = "inactive"
    with pytest.raises(AirflowFailException, match="is inactive in Airbyte: activate it there"):
        operator().execute(context)


def test_a_short_sync_is_finished_without_deferring(airbyte, context):
    assert operator(deferrable=True, inline_seconds=20).execute(context)["status"] == "succeeded"


def test_a_long_sync_defers_and_goes_on_where_the_trigger_ends(airbyte, context):
    airbyte.next_statuses = ("running",)
    with pytest.raises(TaskDeferred) as deferral:
        operator(deferrable=True, inline_seconds=0.05).execute(context)
    assert context["task_state_store"][JOB_KEY] == deferral.value.trigger.job_id == 1
    airbyte.jobs[1].statuses.append("succeeded")
    job = {**_job_of(airbyte), "status": "succeeded"}
    event = {"outcome": "over", "job": job, "message": ""}
    result = operator().execute_complete(context, event=event, **(deferral.value.kwargs or {}))
    assert (result["job_id"], result["connection"], result["rows"]) == (1, "storefront", 42)
    assert JOB_KEY not in context["task_state_store"]


def test_a_deadline_that_the_trigger_reports_cancels_the_job(airbyte, context):
    job_id = airbyte.add_job("running")
    event = {"outcome": "deadline", "job": None, "message": "Job 1 is still running at its deadline."}
    connection = {"id": "c", "name": "storefront", "workspace_id": "w1"}
    with pytest.raises(AirflowException, match="at its deadline"):
        operator().execute_complete(context, event=event, connection=connection, job_id=job_id, joined=False)
    assert len(airbyte.made("DELETE", "/jobs/1")) == 1


def test_a_lost_watch_keeps_the_job_for_the_next_try(airbyte, context):
    context["task_state_store"].set(JOB_KEY, airbyte.add_job("running", "succeeded"))
    event = {"outcome": "lost", "job": None, "message": "Nothing was heard of job 1 for 300 seconds."}
    connection = {"id": "c", "name": "storefront", "workspace_id": "w1"}
    with pytest.raises(AirflowException, match="Nothing was heard"):
        operator().execute_complete(context, event=event, connection=connection, job_id=1, joined=False)
    assert not airbyte.made("DELETE", ".*")
    assert context["task_state_store"][JOB_KEY] == 1


def test_being_killed_cancels_the_running_job(airbyte, context):
    airbyte.next_statuses = ("running",)
    task = operator()
    watched = _signal_when(lambda: airbyte.made("GET", "/jobs/1"), task.on_kill)
    with watched, pytest.raises(AirflowException, match="asked to stop"):
        task.execute(context)
    assert airbyte.jobs[1].statuses[0] == "cancelled"


def test_being_killed_while_the_job_is_being_started_cancels_it_too(airbyte, context):
    airbyte.next_statuses = ("running",)
    task = operator()

    def killed_meanwhile() -> dict[str, Any]:
        task.on_kill()
        return airbyte.start_job()[1]

    airbyte.answer_next("POST", "/jobs", 200, killed_meanwhile)
    with pytest.raises(AirflowException, match="asked to stop"):
        task.execute(context)
    assert airbyte.jobs[1].statuses[0] == "cancelled"


def test_being_killed_before_anything_was_started_sends_nothing(airbyte):
    operator().on_kill()
    assert airbyte.requests == []


def test_being_killed_after_the_job_is_over_cancels_no_later_sync(airbyte, context):
    task = operator()
    task.execute(context)
    task.on_kill()
    assert not airbyte.made("DELETE", ".*")


def test_outlets_are_the_assets_of_the_streams_and_those_given(airbyte):
    extra = Asset(name="other", uri="snowflake://local/RAW/OTHER/OTHER")
    assert operator(outlets=[extra]).outlets == [ORDERS, SHOPS, extra]


def _job_of(airbyte: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "connection_id": "11111111-1111-4111-8111-111111111111",
        "status": "running",
        "started_at": "2026-11-22T10:00Z",
        "rows": 42,
        "bytes": 1024,
        "seconds": 65.0,
    }


@contextmanager
def _signal_when(condition: Callable[[], Any], handler: Callable[[], None]) -> Iterator[None]:
    """Sends this process a signal, as Airflow does to a task, as soon as the condition holds."""

    def send() -> None:
        while not condition():
            time.sleep(0.005)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: handler())
    threading.Thread(target=send, daemon=True).start()
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)
