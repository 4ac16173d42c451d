"""The executors that settings name: each watches builds, on top of Airflow's own."""

from __future__ import annotations

import configparser
from importlib import import_module

import pytest

from include.transform.watching import Watching
from local.stack import dotenv
from tests.standins import ROOT


def configured() -> str:
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "config" / "airflow.cfg")
    return settings["core"]["executor"]


@pytest.mark.parametrize(
    ("path", "airflows"),
    [
        (configured(), "LocalExecutor"),
        (dotenv.read(dotenv.EXAMPLE)["AIRFLOW__CORE__EXECUTOR"], "LocalExecutor"),
        ("include.transform.celery_executor.WatchingCeleryExecutor", "CeleryExecutor"),
    ],
)
def test_an_executor_watches_builds_before_airflows_own_is_asked(path: str, airflows: str) -> None:
    module, _, name = path.rpartition(".")
    bases = [base.__name__ for base in getattr(import_module(module), name).__mro__]
    assert bases.index(Watching.__name__) < bases.index(airflows)
