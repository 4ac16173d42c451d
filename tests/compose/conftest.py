"""The platform in containers: built from a clean checkout, started by the command of the README.

One command: `pytest tests/compose`. It needs a container engine, or root and `apt-get install docker.io debootstrap`;
without one every test here is skipped, and says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.stack import dotenv
from tests.compose import engine as engines
from tests.compose.engine import Engine, NoEngine
from tests.integration.stack import PORTS, Stack
from tests.standins import free_port

COMPOSE = Path(sys.executable).with_name("docker-compose")
ONE_SHOTS = ("prepare", "first-run")
START_SECONDS = 900


@dataclass
class Containers(Stack):
    """A stack in containers that a test may start, stop, break and ask; `state` is a folder of the checkout."""

    engine: Engine
    project: str

    @property
    def folder(self) -> Path:
        return self.state.parent

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a person's shell in the checkout, in which `docker compose` is this stack's."""
        plugin = self.folder.parent / "docker" / "cli-plugins" / "docker-compose"
        if not plugin.exists():
            plugin.parent.mkdir(parents=True)
            plugin.symlink_to(COMPOSE)
        return {
            **self.engine.variables,
            "DOCKER_CONFIG": str(plugin.parents[1]),
            "COMPOSE_PROJECT_NAME": self.project,
            "SETTINGS": str(zlib.crc32(self.env_file.read_bytes())),
        }

    def compose(self, *arguments: str, seconds: float = START_SECONDS, check: bool = True) -> str:
        """What docker compose printed. Raises AssertionError with its last words."""
        result = subprocess.run(
            [str(COMPOSE), *arguments],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        if check and result.returncode:
            words = f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
            raise AssertionError(f"compose {' '.join(arguments)} ended with {result.returncode}:\n{words}")
        return result.stdout

    def up(self) -> str:
        """Start everything and wait for the first run's end; what it printed."""
        self.compose("up", "--no-build", "--detach")
        # Compose prints the exit code alone, or, in later versions, a sentence that ends with it.
        code = self.compose("wait", "first-run", check=False).split()[-1]
        printed = self.compose("logs", "--no-log-prefix", "--no-color", "first-run")
        assert code == "0", f"first-run ended with {code}:\n{printed[-3000:]}\n{self.compose('ps', '--all')}"
        tls = self.state / "warehouse" / "tls"
        tls.mkdir(parents=True, exist_ok=True)
        self.compose("cp", "warehouse:/opt/airflow/state/warehouse/tls/bundle.pem", str(tls / "bundle.pem"))
        return printed

    def change(self, settings: Mapping[str, str]) -> None:
        """Give settings of .env other values; the next `up` takes them on."""
        values = {**self.values, **settings}
        self.env_file.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
        self.values.update(dotenv.read(self.env_file))

    def listed(self) -> list[dict[str, Any]]:
        """What `docker compose ps` says of each container, the one-shots included."""
        return [json.loads(line) for line in self.compose("ps", "--all", "--format", "json").splitlines()]

    def unwell(self) -> list[str]:
        """The services that do not run, or do not say that they are healthy."""
        return [
            line["Service"]
            for line in self.listed()
            if line["Service"] not in ONE_SHOTS
            and (line["State"] != "running" or line["Health"] not in ("", "healthy"))
        ]

    def runs(self) -> dict[str, str]:
        """The state of every DAG run that is over, by DAG and run id."""
        wanted = {"page_limit": 1000, "states": ["success", "failed"]}
        found = self.api.call("POST", "/dags/~/dagRuns/list", json=wanted)["dag_runs"]
        return {f"{run['dag_id']} {run['dag_run_id']}": run["state"] for run in found}

    def containers(self) -> dict[str, str]:
        """The id of each running container, by service; of several of one service the last."""
        lines = self.engine(
            *("ps", "--filter", f"label=com.docker.compose.project={self.project}"),
            *("--format", '{{.Label "com.docker.compose.service"}} {{.ID}}'),
        ).splitlines()
        return dict(line.split() for line in lines)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An image is built in minutes, and a killed scheduler's tasks are found after one."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(2400))


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        with engines.running() as found:
            engines.provide_bases(found)
            yield found
    except NoEngine as error:
        pytest.skip(f"NOT RUN, the containers were not tested: {error}")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return engines.check_out(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def images(engine: Engine, checkout: Path) -> str:
    """The tag of the two images, built from the checkout."""
    engines.build(engine, checkout, "test", "--build-arg", "REVISION=0123456789abcdef")
    return "test"


@pytest.fixture(scope="session")
def stack(engine: Engine, images: str, checkout: Path) -> Iterator[Containers]:
    """The whole platform in containers, after its first run."""
    ports = {name: str(free_port()) for name in PORTS}
    settings: dict[str, Any] = {**ports, "BACKBEAT_TAG": images, "STANDIN_FAULTS": "on"}
    path = checkout / ".env"
    path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    subprocess.run([sys.executable, "-m", "local.stack.dotenv"], cwd=checkout, check=True, capture_output=True)
    (checkout / "state").mkdir()
    containers = Containers(checkout / "state", dotenv.read(path), engine, f"backbeat-test-{os.getpid()}")
    try:
        containers.first_output = containers.up()  # type: ignore[attr-defined]
        yield containers
    finally:
        containers.compose("--profile", "*", "down", "--volumes", "--timeout", "5", check=False)
