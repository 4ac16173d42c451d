"""Start and stop the stand-ins of `local/` for tests, each in its own environment and its own process.

A test talks to a stand-in as production code talks to the real thing: over the wire, from the platform's environment.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
POSTGRES_PASSWORD = "postgres-local"
START_SECONDS = 180


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Standin:
    """A running stand-in: its address, its state, and the power to stop it."""

    name: str
    port: int
    data_dir: Path
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def scheme(self) -> str:
        return "https" if self.name == "warehouse" else "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir.parent / f"{self.name}.log"

    @property
    def ca_bundle(self) -> Path:
        """The file for REQUESTS_CA_BUNDLE (the warehouse only)."""
        return self.data_dir / "tls" / "bundle.pem"

    def dsn(self, database: str) -> str:
        """A libpq address of one of the server's databases (postgres only)."""
        return f"postgresql://postgres:{POSTGRES_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> Standin:
        python = ROOT / ".venvs" / self.name / "bin" / "python"
        if not python.exists():
            raise RuntimeError(f"{python.relative_to(ROOT)} is missing: run `make environments` first.")
        command = [str(python), "-m", f"local.{self.name}", "serve", "--port", str(self.port)]
        command += ["--data-dir", str(self.data_dir), *self.arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise RuntimeError(f"local.{self.name} ended at its start: {self.log.read_text()[-2000:]}")
            if self.ready():
                return
            time.sleep(0.1)
        self.kill()
        raise RuntimeError(f"local.{self.name} was not ready after {START_SECONDS} s: {self.log.read_text()[-2000:]}")

    def ready(self) -> bool:
        """Whether it answers as ready now."""
        if self.name == "postgres":
            return self._postgres_ready()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with urllib.request.urlopen(f"{self.url}/{self._health}", timeout=2, context=context) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    @property
    def _health(self) -> str:
        return "api/public/v1/health" if self.name == "airbyte" else "health"

    def _postgres_ready(self) -> bool:
        import psycopg

        try:
            for database in ("airflow", "firehose", "storefront"):
                psycopg.connect(self.dsn(database), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Ask it to stop (SIGTERM; PostgreSQL: fast shutdown) and wait; kill it when it does not."""
        self._end(signal.SIGINT if self.name == "postgres" else signal.SIGTERM, grace=15)

    def kill(self) -> None:
        """kill -9 of the process group, as a crash would."""
        self._end(signal.SIGKILL, grace=15)

    def _end(self, sig: signal.Signals, grace: float) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, sig)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(grace)

    def restart(self) -> Standin:
        """Stop it and start it again on the same port and data."""
        self.stop()
        return self.start()


def start(
    name: str,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    data_dir: Path | None = None,
) -> Standin:
    """Start `local/<name>` and return it ready.

    Raises RuntimeError, with the end of its log, if it does not get ready.
    """
    if data_dir is None:
        data_dir = Path(tempfile.mkdtemp(prefix=f"backbeat-{name}-")) / name
    data_dir.mkdir(parents=True, exist_ok=True)
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "", **(env or {})}
    if sys.platform == "darwin":
        # Python's sockets and fork on macOS.
        environment["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"
    return Standin(name, port or free_port(), data_dir, arguments, environment).start()
