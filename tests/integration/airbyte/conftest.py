"""Airbyte with everything behind it: the shop platform it reads from and the warehouse it loads."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import snowflake.connector
from airflow.sdk.execution_time.context import OutletEventAccessors

from include.airbyte import provision
from include.airbyte.client import Client
from include.settings import environment
from local.stack.warehouse import run_bootstrap
from tests import standins
from tests.standins import Standin

PAYMENTS_KEY = "sk_test_local_0000000000000000"
ANALYTICS_KEY = "local-analytics-key-00000000"
ANALYTICS_SECRET = "local-analytics-secret-00000000"


class Stack:
    """The running stand-ins and a client's view of them."""

    def __init__(self, postgres: Standin, world: Standin, warehouse: Standin, airbyte: Standin) -> None:
        self.postgres, self.world, self.warehouse, self.airbyte = postgres, world, warehouse, airbyte

    @property
    def client(self) -> Client:
        return provision.connect(environment.load())

    def fault(self, **fault: Any) -> None:
        """Let Airbyte fail in a way that its README names."""
        self._control("POST", json=fault)

    def heal(self) -> None:
        self._control("DELETE")

    def _control(self, method: str, **options: Any) -> None:
        login = {"client_id": os.environ["AIRBYTE_CLIENT_ID"], "client_secret": os.environ["AIRBYTE_CLIENT_SECRET"]}
        token = httpx.post(f"{os.environ['AIRBYTE_URL']}/applications/token", json=login).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        httpx.request(method, f"{self.airbyte.url}/_local/faults", headers=headers, **options).raise_for_status()

    def rows(self, table: str) -> int:
        """How many rows a table of the warehouse has."""
        with snowflake.connector.connect(**self._login("SYSADMIN")) as connection:
            return int(connection.cursor().execute(f"select count(*) from {table}").fetchone()[0])

    def bootstrap(self) -> None:
        with snowflake.connector.connect(**self._login("ACCOUNTADMIN")) as connection:
            run_bootstrap(connection)

    def jobs(self, name: str) -> list[dict[str, Any]]:
        """Every sync of a connection, newest first."""
        (connection,) = (item for item in self.client.pages("/connections") if item["name"] == name)
        parameters = {"connectionId": connection["connectionId"], "orderBy": "createdAt|DESC"}
        return list(self.client.pages("/jobs", parameters))

    def _login(self, role: str) -> dict[str, Any]:
        address = {"account": "local", "host": "127.0.0.1", "port": self.warehouse.port, "protocol": "https"}
        return {**address, "user": "test", "password": "test", "role": role}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Two days of the shop platform, an empty warehouse and an empty Airbyte that may be told to fail."""
    with ExitStack() as stop:

        def start(name: str, *arguments: str, **environment_of_it: str) -> Standin:
            started = standins.start(name, *arguments, env=environment_of_it)
            stop.callback(started.stop)
            return started

        postgres = start("postgres")
        world = start("world", "--dsn", postgres.dsn("storefront"), "--days", "2")
        warehouse = start("warehouse")
        bundle = {name: str(warehouse.ca_bundle) for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")}
        credentials = {"AIRBYTE_CLIENT_ID": uuid.uuid4().hex, "AIRBYTE_CLIENT_SECRET": uuid.uuid4().hex}
        airbyte = start("airbyte", "--enable-faults", **bundle, **credentials)
        variables = _variables(postgres, world, warehouse, airbyte) | bundle | credentials
        before = dict(os.environ)
        os.environ.update(variables)
        stop.callback(lambda: (os.environ.clear(), os.environ.update(before)))
        running = Stack(postgres, world, warehouse, airbyte)
        running.bootstrap()
        yield running


def _variables(postgres: Standin, world: Standin, warehouse: Standin, airbyte: Standin) -> dict[str, str]:
    clock = httpx.get(f"{world.url}/_local/clock").json()
    return {
        "STOREFRONT_DB_HOST": "127.0.0.1",
        "STOREFRONT_DB_PORT": str(postgres.port),
        "STOREFRONT_DB_NAME": "storefront",
        "STOREFRONT_DB_USER": "postgres",
        "STOREFRONT_DB_PASSWORD": standins.POSTGRES_PASSWORD,
        "PAYMENTS_API_KEY": PAYMENTS_KEY,
        "PAYMENTS_API_URL": f"{world.url}/payments",
        "PRODUCT_ANALYTICS_API_KEY": ANALYTICS_KEY,
        "PRODUCT_ANALYTICS_SECRET_KEY": ANALYTICS_SECRET,
        "PRODUCT_ANALYTICS_API_URL": f"{world.url}/analytics",
        "PRODUCT_ANALYTICS_START_DATE": f"{clock['history_start'][:10]}T00:00:00Z",
        "SNOWFLAKE_HOST": "127.0.0.1",
        "SNOWFLAKE_PORT": str(warehouse.port),
        "SNOWFLAKE_LOADER_USER": "airbyte",
        "SNOWFLAKE_LOADER_PASSWORD": "loader-local-000000",
        "AIRBYTE_URL": f"{airbyte.url}/api/public/v1",
    }


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where fingerprints of sent secrets are kept."""
    return tmp_path_factory.mktemp("provision") / "secrets.json"


Provision = Callable[..., tuple[int, str]]


@pytest.fixture
def run_provision(stack: Stack, state: Path, capsys: pytest.CaptureFixture[str]) -> Provision:
    """Runs the command; its exit status and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = provision.main(["--state", str(state), *arguments])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


@pytest.fixture
def provisioned(stack: Stack, run_provision: Provision) -> Iterator[Stack]:
    """The stack with its sources and connections, told nothing to fail."""
    status, printed = run_provision()
    assert status == 0, printed
    stack.heal()
    yield stack
    stack.heal()


@pytest.fixture
def airflow_connection(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {
        "conn_type": "airbyte",
        "host": os.environ["AIRBYTE_URL"],
        "login": os.environ["AIRBYTE_CLIENT_ID"],
        "password": os.environ["AIRBYTE_CLIENT_SECRET"],
        "extra": {"timeout": 30},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", json.dumps(connection))


class TaskStateStore(dict[str, Any]):
    """Airflow's store of a task's state, which outlives its tries."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value

    def delete(self, key: str) -> None:
        self.pop(key, None)


@pytest.fixture
def context() -> dict[str, Any]:
    """The part of a task's context that a sync uses."""
    return {"task_state_store": TaskStateStore(), "outlet_events": OutletEventAccessors()}
