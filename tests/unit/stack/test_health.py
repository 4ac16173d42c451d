"""Ports that are taken are found before anything starts, and named with what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from local.stack import dotenv
from local.stack.errors import StackError
from local.stack.health import check_ports
from local.stack.layout import Layout
from local.stack.ports import port_is_free
from tests.standins import free_port

PORTS = ("AIRFLOW_PORT", "SLACK_PORT", "AIRBYTE_PORT", "WAREHOUSE_PORT", "WORLD_PORT", "POSTGRES_PORT")


@pytest.fixture
def values(tmp_path: Path) -> dict[str, str]:
    return {**dotenv.write_missing(tmp_path / ".env"), **{name: str(free_port()) for name in PORTS}}


def test_free_ports_are_no_error(values: dict[str, str]) -> None:
    check_ports(Layout(values))


def test_a_taken_port_is_named_with_its_variable(values: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(values["SLACK_PORT"]))):
        assert not port_is_free(int(values["SLACK_PORT"]))
        with pytest.raises(StackError, match=rf"Port {values['SLACK_PORT']} .* is taken.*SLACK_PORT in \.env"):
            check_ports(Layout(values))


def test_one_port_given_twice_is_an_error_of_its_own(values: dict[str, str]) -> None:
    values["WORLD_PORT"] = values["SLACK_PORT"]
    with pytest.raises(StackError, match=r"WORLD_PORT and SLACK_PORT|SLACK_PORT and WORLD_PORT"):
        check_ports(Layout(values))
