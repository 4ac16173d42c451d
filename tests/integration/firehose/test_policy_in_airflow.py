"""Cluster policy and listener in a real Airflow: a DAG that does not know of the firehose is told from end to end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.firehose.road import Road
from tests.standins import ROOT

HERE = Path(__file__).parent
REPORTED = {
    "works:-1:1:success",
    "doubles:0:1:success",
    "doubles:1:1:success",
    "needs_two_tries:-1:1:up_for_retry",
    "needs_two_tries:-1:2:success",
    "skips:-1:1:skipped",
    "fails:-1:1:failed",
}


@pytest.fixture
def airflow(road: Road) -> dict[str, str]:
    """The environment of an Airflow whose only link to the firehose are our settings on its path and our plugins."""
    environment = road.environment(
        AIRFLOW_HOME=str(road.folder / "airflow"),
        AIRFLOW__CORE__DAGS_FOLDER=str(HERE / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=road.postgres.dsn("airflow").replace("postgresql:", "postgresql+psycopg2:"),
        PYTHONPATH=f"{ROOT}:{ROOT / 'config'}",
    )
    migrated = road.run("-m", "airflow", "db", "migrate", env=environment)
    assert migrated.returncode == 0, migrated.stderr
    return environment


def test_a_dag_that_does_not_know_of_the_firehose_is_told_in_one_message(road: Road, airflow: dict[str, str]):
    answer = road.run(str(HERE / "run_dag.py"), str(HERE / "dags"), env=airflow)
    assert "state=failed" in answer.stdout, answer.stdout[-3000:] + answer.stderr[-3000:]
    run_id = answer.stdout.split("run_id=")[1].split()[0]

    found = {row["event_id"] for row in road.rows("select event_id from event")}
    assert found == {f"af:ti:small:{run_id}:{end}" for end in REPORTED} | {f"af:run:small:{run_id}:failed"}

    (run,) = road.rows("select seen_via from event where kind = 'airflow.run'")
    assert run["seen_via"] == ["listener"]

    road.dispatcher()
    road.wait_until_told([])
    (message,) = road.messages()
    assert message["text"].startswith("✕ small")
    assert message["text"].endswith("fails: ValueError: broken for good")
    assert "3 ●  1 ▲  1 ✕  1 ○" in message["blocks"][1]["elements"][0]["text"]
