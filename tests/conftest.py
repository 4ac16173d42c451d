"""The environment of all tests: Airflow's settings of this repository, a home of their own, no outside world."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiver import Receiver, receiving

ROOT = Path(__file__).resolve().parents[1]
AIRFLOW_HOME = Path(tempfile.mkdtemp(prefix="backbeat-airflow-"))

# Before anything imports Airflow, which reads its settings once.
os.environ.update(
    AIRFLOW_HOME=str(AIRFLOW_HOME),
    AIRFLOW_CONFIG=str(ROOT / "config" / "airflow.cfg"),
    AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
    # Parsing DAGs touches no table; what needs Airflow's database starts a PostgreSQL of its own.
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{AIRFLOW_HOME}/airflow.db",
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=str(AIRFLOW_HOME / "logs"),
    PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "config")]),
    DO_NOT_TRACK="1",
)


@pytest.fixture
def ping() -> Iterator[Receiver]:
    """Where the dead man's switch is told that all is well."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    """Where an alarm goes that Slack's token cannot carry."""
    with receiving() as receiver:
        yield receiver
