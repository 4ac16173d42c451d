"""The platform in containers: built from a clean checkout, started by the command of the README.

One command: `pytest tests/compose`. It needs a container engine, or root and `apt-get install docker.io debootstrap`;
without one every test here is skipped, and says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.stack import dotenv
from tests.compose import engine as engines
from tests.compose.engine import Engine, NoEngine
from tests.integration.stack import PORTS, Stack
from tests.standins import ROOT, free_port

COMPOSE = Path(sys.executable).with_name("docker-compose")
BUILD_SECONDS = 1800
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

    def compose(self, *arguments: str, seconds: float = START_SECONDS, check: bool = True) -> str:
        """What docker compose printed. Raises AssertionError with its last words."""
        command = [str(COMPOSE), "--project-name", self.project, *arguments]
        result = subprocess.run(
            command, cwd=self.folder, env=self.engine.variables, capture_output=True, text=True, timeout=seconds
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

    def containers(self) -> dict[str, str]:
        """The id of each running container, by service; of several of one service the last."""
        lines = self.engine(
            *("ps", "--filter", f"label=com.docker.compose.project={self.project}"),
            *("--format", '{{.Label "com.docker.compose.service"}} {{.ID}}'),
        ).splitlines()
        return dict(line.split() for line in lines)


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
    """What a fresh clone of the work tree would hold."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def images(engine: Engine, checkout: Path) -> str:
    """The tag of the two images, built from the checkout."""
    roots = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt"
    with tempfile.TemporaryDirectory() as folder:
        pip = Path(folder, "pip.conf")
        pip.write_text("[global]\ncert = /run/roots.pem\ntimeout = 180\n")
        secrets = ["--secret", f"id=pip_conf,src={pip}", "--secret", f"id=roots,src={roots}"]
        for name, target in (("backbeat", "platform"), ("backbeat-standins", "standins")):
            build = ["build", "--network", "host", "--target", target, "--tag", f"{name}:test", *secrets]
            engine(*build, "--build-arg", "REVISION=0123456789abcdef", str(checkout), seconds=BUILD_SECONDS)
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
