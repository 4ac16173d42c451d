"""Every message design with sample data, to look at before anybody has to read it at night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from include.firehose.event import RunState, TaskState
from include.firehose.render import Message, Setting, run_message
from include.firehose.run import Run, TaskOutcome

_START = datetime(2026, 11, 23, 6, 0, 4, tzinfo=UTC)
_STEPS = (
    "sync_storefront",
    "stg_storefront__shops",
    "stg_storefront__buyers",
    "stg_storefront__products",
    "stg_storefront__orders",
    "stg_storefront__order_lines",
    "int_orders_priced",
    "int_order_lines_joined",
    "dim_shops",
    "dim_buyers",
    "fct_orders",
    "fct_order_lines",
)
_TIMEOUT = "HTTPSConnectionPool(host='api.stripe.com', port=443): Read timed out. (read timeout=30)\n  at page 14"
_FAILED_TEST = (
    "1 of 3 tests failed: unique_fct_orders_order_id has 37 rows that should be 0\ncompiled at target/run/..."
)


def _tasks(count: int) -> tuple[TaskOutcome, ...]:
    return tuple(_task(name, at=20 + 9 * place, took=7 + 2 * place) for place, name in enumerate(_STEPS[:count]))


def _task(name: str, *, at: int, took: int, state: TaskState = TaskState.SUCCESS, **more: object) -> TaskOutcome:
    ended = _START + timedelta(seconds=at)
    values = {"map_index": -1, "try_number": 1, "max_tries": 1} | more
    return TaskOutcome(
        task_id=name,
        state=state,
        ended_at=ended,
        started_at=ended - timedelta(seconds=took),
        **values,  # type: ignore[arg-type]
    )


def _run(state: RunState, tasks: Sequence[TaskOutcome], **more: object) -> Run:
    values = {
        "dag_id": "storefront_hourly",
        "run_id": "scheduled__2026-11-23T06:00:00+00:00",
        "task_total": len(_STEPS),
        "run_type": "scheduled",
        "run_after": _START.replace(second=0),
        "started_at": _START,
        "ended_at": None if state is RunState.RUNNING else _START + timedelta(seconds=134),
    } | more
    return Run(state=state, tasks=tuple(tasks), **values)  # type: ignore[arg-type]


def runs() -> Iterator[tuple[str, Run]]:
    """The sample runs, each with the name of what it shows."""
    yield "a run that is under way", _run(RunState.RUNNING, _tasks(5))
    yield "a run that succeeded", _run(RunState.SUCCESS, _tasks(12))
    retried = (_task("sync_storefront", at=40, took=22, try_number=2, max_tries=3), *_tasks(12)[1:])
    yield "a run that succeeded after a retry", _run(RunState.SUCCESS, retried)
    marts = {"dag_id": "business_marts", "run_type": "asset_triggered", "run_after": _START + timedelta(minutes=4)}
    assets = ("staging.stg_payments__charges", "marts.fct_orders")
    yield "a run that assets started", _run(RunState.SUCCESS, _tasks(9), task_total=9, assets=assets, **marts)
    error = {"error_type": "TimeoutError", "error_text": _TIMEOUT, "try_number": 3, "max_tries": 3}
    sync = _task("sync_payments", at=96, took=31, state=TaskState.FAILED, **error)
    yield "a run that failed", _run(RunState.FAILED, [sync], dag_id="payments_hourly", task_total=7)
    broken = [
        _task(
            "fct_orders", at=110, took=9, state=TaskState.FAILED, error_type="AirflowException", error_text=_FAILED_TEST
        ),
        _task("fct_order_lines", at=115, took=8, state=TaskState.FAILED),
        _task("assert_sales_match", at=121, took=2, state=TaskState.FAILED),
    ]
    yield (
        "a run with several failures",
        _run(RunState.FAILED, [*_tasks(10), *broken], dag_id="business_marts", task_total=14),
    )
    yield "a failure while the run goes on", _run(RunState.RUNNING, [*_tasks(10), broken[0]])
    yield (
        "a task that was killed",
        _run(RunState.FAILED, [*_tasks(4), _task("dim_shops", at=70, took=31, state=TaskState.FAILED)]),
    )
    yield "a run that took too long", _run(RunState.FAILED, _tasks(8), reason="timed_out")
    hostile = "<!channel> <@U123> *bold* `code` {{ 7*7 }} :tada: password=hunter2hunter2 \u202egnp.exe"
    nasty = _task("load", at=60, took=3, state=TaskState.FAILED, error_type="ValueError", error_text=hostile)
    yield (
        "text that would like to be markup",
        _run(RunState.FAILED, [nasty], dag_id="product_analytics_hourly", task_total=6),
    )


def messages(airflow_url: str) -> list[tuple[str, Message]]:
    """The sample runs as messages."""
    setting = Setting(airflow_url=airflow_url, usual_seconds=[118, 121, 125, 129, 131, 134, 140, 152])
    return [(name, run_message(run, setting)) for name, run in runs()]
