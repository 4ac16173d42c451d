"""A connector as a subprocess: its own process group, never a shell, its output read line by line.

Airbyte runs connectors as containers; what crosses that border (argv, files, JSON lines, signals, the exit code)
crosses this one too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from local.airbyte.definitions import Definition
from local.airbyte.engine.forkserver import ForkedProcess, ForkServer
from local.airbyte.models import Json
from local.airbyte.settings import ROOT, Settings

MAX_LINE_BYTES = 64 * 1024 * 1024
KILL_SECONDS = 5.0
COMMAND_SECONDS = 120.0


class ConnectorError(Exception):
    """The connector cannot be run, or broke the protocol."""


def _environment() -> dict[str, str]:
    """A connector's container knows nothing of the platform's credentials."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRBYTE_CLIENT_")}


def _signal_group(process: subprocess.Popen[bytes] | ForkedProcess, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


_FORK_SERVER = ForkServer()


def _spawn(argv: list[str], log: BinaryIO, *, forked: bool) -> subprocess.Popen[bytes] | ForkedProcess:
    if forked:
        return _FORK_SERVER.spawn(argv[0], argv, log, _environment())
    return subprocess.Popen(
        argv,
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        bufsize=1024 * 1024,
        start_new_session=True,
    )


class Connector:
    """A running connector. `forked` ones come from the fork server: low-code connectors, whose program is one."""

    def __init__(self, argv: list[str], log: BinaryIO, *, forked: bool = False) -> None:
        try:
            self._process = _spawn(argv, log, forked=forked)
        except OSError as error:
            raise ConnectorError(
                f"The connector's program {argv[0]} cannot be started ({error.strerror or error}): "
                "create its environment with `make environments`."
            ) from error
        self._killer: threading.Timer | None = None

    def lines(self) -> Iterator[bytes]:
        """Lines of standard output, each of bounded length, until the connector closes it."""
        assert self._process.stdout
        while line := self._process.stdout.readline(MAX_LINE_BYTES):
            if len(line) >= MAX_LINE_BYTES and not line.endswith(b"\n"):
                raise ConnectorError(f"The connector wrote a message longer than {MAX_LINE_BYTES} bytes.")
            yield line

    def terminate(self) -> None:
        """Ask the process group to end, and kill it if it has not after a while. Returns at once."""
        if self._process.poll() is None and self._killer is None:
            _signal_group(self._process, signal.SIGTERM)
            self._killer = threading.Timer(KILL_SECONDS, self.kill)
            self._killer.daemon = True
            self._killer.start()

    def kill(self) -> None:
        _signal_group(self._process, signal.SIGKILL)

    def wait(self) -> int:
        """The exit code, once the output has ended; a process that then lingers is killed."""
        try:
            return self._process.wait(KILL_SECONDS * 2)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def close(self) -> None:
        """End it whatever it does, and leave nothing of its process group behind."""
        self.kill()
        self._process.wait()
        if self._killer:
            self._killer.cancel()
        if self._process.stdout:
            self._process.stdout.close()


@contextlib.contextmanager
def files(**contents: Any) -> Iterator[list[str]]:
    """Write the protocol's input files to a private folder; yields the flags that name them."""
    with tempfile.TemporaryDirectory(prefix="airbyte-") as folder:
        flags: list[str] = []
        for name, content in contents.items():
            path = Path(folder) / f"{name}.json"
            path.write_bytes(orjson.dumps(content))
            flags += [f"--{name}", str(path)]
        yield flags


def parse(line: bytes) -> Json | None:
    """The message of a line, or None where it is none: a plain print, or a line cut by a signal."""
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) and "type" in message else None


def ask(definition: Definition, verb: str, config: Json, settings: Settings) -> tuple[list[Json], Json | None]:
    """Run `check` or `discover` to its end. Returns its messages, and the first error it traced."""
    with files(config=config) as flags, tempfile.TemporaryFile() as log:
        connector = Connector([*definition.argv(verb, settings), *flags], log, forked=definition.forked)
        deadline = threading.Timer(COMMAND_SECONDS, connector.kill)
        deadline.start()
        try:
            messages = [message for message in map(parse, connector.lines()) if message]
            code = connector.wait()
        finally:
            deadline.cancel()
            connector.close()
    errors = [message["trace"]["error"] for message in messages if message.get("trace", {}).get("type") == "ERROR"]
    if code and not errors:
        errors = [{"message": f"The connector ended with exit code {code}.", "failure_type": "system_error"}]
    return messages, errors[0] if errors else None
