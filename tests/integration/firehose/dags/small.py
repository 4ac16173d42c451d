"""A DAG that has never heard of the firehose: a success, a retry, a skip, a failure, mapped tasks and an empty one."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

with DAG("small", schedule=None):

    @task
    def works() -> list[int]:
        return [1, 2]

    @task
    def doubles(number: int) -> int:
        return 2 * number

    @task(retries=1, retry_delay=timedelta(0))
    def needs_two_tries() -> None:
        if get_current_context()["ti"].try_number == 1:
            raise ConnectionError("not yet")

    @task
    def skips() -> None:
        raise AirflowSkipException("nothing to do")

    @task
    def fails() -> None:
        raise ValueError("broken for good")

    doubles.expand(number=works()) >> EmptyOperator(task_id="nothing") >> [needs_two_tries(), skips(), fails()]
