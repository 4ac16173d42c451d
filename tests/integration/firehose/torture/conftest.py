"""One Airflow for all of the torture, which is made once; the tests look at what it left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import dotenv
from tests.integration.firehose.torture.lab import Torture
from tests.standins import ROOT

PROJECT = Path(__file__).parent / "project"
# A changed file is found after these seconds.
IMPATIENCE = {"AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5"}


@pytest.fixture(scope="session")
def lab() -> Iterator[Torture]:
    folder = os.environ.get("BACKBEAT_TEST_TORTURE")
    if folder:
        # A lab that an earlier session left running, to try one test again and again.
        yield Torture(Path(folder) / "state", dotenv.read(Path(folder) / "env"))
        return
    running = Torture.prepare(**IMPATIENCE)
    project = running.state.parent / "lab"
    shutil.copytree(PROJECT, project)
    shutil.copy(ROOT / "dbt" / "profiles.yml", project / "dbt")
    try:
        running.open(project)
        yield running
    finally:
        running.command("down")
