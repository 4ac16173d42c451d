"""Every way a task can end, most of which no callback hears of. None of the tasks knows of the firehose."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, Asset, BaseOperator, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

# Longer than anybody in the test waits for: such a task ends by what is done to it.
FOR_EVER = 600
# Longer than Airflow lets a callback run.
TOO_LONG_FOR_A_CALLBACK = 35


def dawdle(context: Any) -> None:
    """A callback of the author's own that Airflow kills."""
    time.sleep(TOO_LONG_FOR_A_CALLBACK)


class EndsInTheTriggerer(BaseOperator):
    """Defers itself to a trigger that ends it, without a process that could call back."""

    def execute(self, context: Any) -> None:
        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=2), end_from_trigger=True), method_name="never_called_again"
        )


with DAG("torture", schedule=None):

    @task
    def ok() -> list[int]:
        return [1, 2, 3]

    @task.branch
    def branch() -> str:
        return "chosen"

    @task.short_circuit
    def short_circuit() -> bool:
        return False

    @task
    def mapped(number: int) -> None:
        if number == 3:
            raise ValueError("three")

    @task(execution_timeout=timedelta(seconds=2))
    def times_out() -> None:
        time.sleep(FOR_EVER)

    @task(retries=1, retry_delay=timedelta(0))
    def retries_then_fails() -> None:
        raise ConnectionError("never")

    @task(retries=1, retry_delay=timedelta(0))
    def retries_then_works() -> None:
        if get_current_context()["ti"].try_number == 1:
            raise ConnectionError("not yet")

    @task
    def skips() -> None:
        raise AirflowSkipException("nothing to do")

    @task(outlets=[Asset("torture_result")])
    def not_reached() -> None:
        raise AssertionError("What is before it has failed.")

    @task
    def child_killed() -> None:
        time.sleep(FOR_EVER)

    @task
    def marked_failed() -> None:
        time.sleep(FOR_EVER)

    @task(on_success_callback=dawdle)
    def has_a_slow_callback() -> None:
        pass

    mapped.expand(number=ok()) >> not_reached()
    branch() >> [EmptyOperator(task_id="chosen"), EmptyOperator(task_id="not_chosen")]
    short_circuit() >> EmptyOperator(task_id="behind_short_circuit")
    EndsInTheTriggerer(task_id="ends_in_the_triggerer")
    times_out()
    retries_then_fails()
    retries_then_works()
    skips()
    child_killed()
    marked_failed()
    has_a_slow_callback()
