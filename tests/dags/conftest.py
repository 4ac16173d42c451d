"""The DAGs of this repository, parsed as the DAG processor parses them, cluster policies included."""

from __future__ import annotations

import pytest
from airflow.dag_processing.dagbag import DagBag

from tests.conftest import ROOT


@pytest.fixture(scope="session")
def dagbag() -> DagBag:
    return DagBag(str(ROOT / "dags"), bundle_path=ROOT / "dags", bundle_name="dags-folder")
