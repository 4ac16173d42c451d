"""A stack with a small dbt project that a test can make fail, warn and dawdle; no syncs, no shop platform."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import dotenv
from tests.integration.transform.lab import Lab
from tests.standins import ROOT

PROJECT = Path(__file__).parent / "project"


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The running lab, in the mode that BACKBEAT_TRANSFORM_MODE names (build, unless it is set)."""
    folder = os.environ.get("BACKBEAT_TEST_LAB")
    if folder:
        # A lab that an earlier session left running, to try one test again and again.
        yield Lab(Path(folder) / "state", dotenv.read(Path(folder) / "env"))
        return
    running = Lab.prepare(BACKBEAT_TRANSFORM_MODE=os.environ.get("BACKBEAT_TRANSFORM_MODE", "build"))
    project = running.state.parent / "lab"
    shutil.copytree(PROJECT, project)
    shutil.copy(ROOT / "dbt" / "profiles.yml", project / "dbt")
    try:
        running.open(project)
        yield running
    finally:
        running.command("down")
