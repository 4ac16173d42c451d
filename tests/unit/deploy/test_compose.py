"""docker-compose.yaml and its env files, held against what the platform and Airflow know."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from deploy.image import healthy, prepare
from include.settings.vocabulary import EnvironmentName
from local.stack import dotenv
from tests.standins import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOTS = {"prepare", "first-run"}
OPEN = re.compile(r"\$\{([A-Z0-9_]+)\}")


def env_file(name: str) -> dict[str, str]:
    lines = (ROOT / "deploy" / "compose" / f"{name}.env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key: value for key, _, value in pairs}


def test_every_published_port_is_on_this_machine_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 6
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_every_service_is_bounded_and_comes_back() -> None:
    for name, service in SERVICES.items():
        assert service.get("mem_limit"), name
        assert service["restart"] == ("no" if name in ONE_SHOTS else "unless-stopped"), name
        assert service["logging"]["options"]["max-size"], name


def test_every_service_that_stays_says_whether_it_is_well() -> None:
    # Nothing waits for these two, and each has its heartbeat in a database that others read.
    silent = {"firehose-watch", "worker"}
    assert {name for name in SERVICES if "healthcheck" not in SERVICES[name]} == silent | ONE_SHOTS


def test_no_service_holds_a_secret() -> None:
    """Everything that is made up by `make env` comes as a file."""
    secrets = {key for key, value in dotenv.read(dotenv.EXAMPLE).items() if not value} - {"BACKBEAT_UID"}
    interpolated = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yaml").read_text()))
    assert not secrets & interpolated


@pytest.mark.parametrize("name", ["platform", "standins"])
def test_every_open_name_is_a_setting(name: str) -> None:
    known = dotenv.read(dotenv.EXAMPLE).keys()
    wanted = {found for value in env_file(name).values() for found in OPEN.findall(value)}
    assert wanted <= known


def test_the_environment_file_of_each_service_is_read_as_it_stands() -> None:
    """Compose would fill in the names itself, and `docker inspect` would show them."""
    for name, service in SERVICES.items():
        assert all(file["format"] == "raw" for file in service.get("env_file", [])), name


def test_each_database_has_an_account_whose_password_is_made_up() -> None:
    example = dotenv.read(dotenv.EXAMPLE)
    assert {example[variable] for variable in prepare.DATABASES.values()} == {""}
    assert {example[person.variable] for person in prepare.PEOPLE} == {""}


def test_each_health_check_asks_for_something_that_is_known() -> None:
    asked = [
        service["healthcheck"]["test"][-1]
        for service in SERVICES.values()
        if "deploy/image/healthy.py" in service.get("healthcheck", {}).get("test", [])
    ]
    assert set(asked) == {*healthy.PAGES, "SchedulerJob", "DagProcessorJob", "TriggererJob"}


def test_the_environment_is_a_known_one() -> None:
    assert EnvironmentName(dotenv.read(dotenv.EXAMPLE)["BACKBEAT_ENVIRONMENT"])
