"""The platform's end of `connectors/forkserver.py`: asks for connectors, and handles them like child processes."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import threading
from pathlib import Path
from typing import BinaryIO

from local.airbyte.settings import ROOT

PROGRAM = Path(__file__).resolve().parents[1] / "connectors" / "forkserver.py"
_KILLED = -9


class ForkedProcess:
    """A connector that is not this process's child. The subset of subprocess.Popen that connectors need."""

    def __init__(self, stdout: int, report: int) -> None:
        self._report = os.fdopen(report, "rb", buffering=0)
        self.stdout: BinaryIO | None = os.fdopen(stdout, "rb", buffering=1024 * 1024)
        self.pid = int(self._report.readline() or 0)
        if not self.pid:
            raise OSError("the fork server ended")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            ready, _, _ = select.select([self._report], [], [], timeout)
            if not ready:
                raise subprocess.TimeoutExpired("connector", timeout or 0)
            # No report means that a signal ended the whole group.
            self.returncode = int(self._report.readline() or _KILLED)
            self._report.close()
        return self.returncode


class ForkServer:
    """One warm process per interpreter, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._python = ""

    def spawn(self, program: str, argv: list[str], log: BinaryIO, environment: dict[str, str]) -> ForkedProcess:
        """Start the connector whose program is `program`, e.g. bin/source-declarative-manifest. Raises OSError."""
        python = str((ROOT / program).with_name("python"))
        with self._lock:
            if self._control is None or python != self._python:
                self._start(python, environment)
            try:
                return self._request(argv, log)
            except OSError:
                # It was killed; a new one is as good.
                self._start(python, environment)
                return self._request(argv, log)

    def _start(self, python: str, environment: dict[str, str]) -> None:
        if self._control:
            self._control.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [python, str(PROGRAM), str(theirs.fileno())],
                cwd=ROOT,
                # Without it macOS ends a forked process that asks for the system's proxies, as every HTTP client does.
                env={**environment, "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._control, self._python = ours, python

    def _request(self, argv: list[str], log: BinaryIO) -> ForkedProcess:
        assert self._control
        stdout, stdout_end = os.pipe()
        report, report_end = os.pipe()
        try:
            socket.send_fds(self._control, [json.dumps(argv).encode()], [stdout_end, log.fileno(), report_end])
        except OSError:
            os.close(stdout)
            os.close(report)
            raise
        finally:
            os.close(stdout_end)
            os.close(report_end)
        return ForkedProcess(stdout, report)
