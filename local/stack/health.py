"""Whether the ports of the stack are free, and whether a program answers."""

from __future__ import annotations

import contextlib
import time

import httpx
import psutil
import psycopg

from local.stack.errors import StackError
from local.stack.layout import Layout, Program
from local.stack.ports import port_is_free
from local.stack.supervisor import Supervisor, log_tail

START_SECONDS = 180


def _holder(port: int) -> str:
    """Who listens on a port, in words; empty when the system does not say."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""


def check_ports(layout: Layout) -> None:
    """Raise StackError when a port that the stack is about to open is taken, saying by whom and what to change."""
    seen: dict[int, str] = {}
    for program in layout.programs.values():
        if program.port_variable is None:
            continue
        port = layout.port(program.port_variable)
        if port in seen:
            raise StackError(f".env gives {program.port_variable} and {seen[port]} the same port {port}; change one.")
        seen[port] = program.port_variable
        if not port_is_free(port):
            raise StackError(
                f"Port {port} for {program.title} is taken{_holder(port)}. End that process, or set another "
                f"{program.port_variable} in .env, then run make up again."
            )


def ready(layout: Layout, program: Program) -> bool:
    """Whether a program answers as ready now."""
    if program.name == "postgres":
        try:
            for database in ("airflow", "firehose", "storefront"):
                psycopg.connect(layout.postgres_dsn(database), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True
    if program.health is None:
        return True
    try:
        # The local CA is made on this machine and the address is this machine: nothing to verify.
        return httpx.get(program.health, timeout=3, verify=False, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def wait_until_ready(supervisor: Supervisor, program: Program) -> None:
    """Wait for a started program.

    Raises StackError with the end of its log when it gives up, or is not ready in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        state = supervisor.states().get(program.name, "")
        if state in ("FATAL", "EXITED", "STOPPED", "UNKNOWN"):
            raise StackError(f"{program.title} ({program.name}) stopped at its start. {log_tail(program.name)}")
        if state == "RUNNING" and ready(supervisor.layout, program):
            return
        time.sleep(0.2)
    raise StackError(
        f"{program.title} ({program.name}) was not ready after {START_SECONDS} s. {log_tail(program.name)}"
    )
