"""The process manager: supervisord, configured from the layout and spoken to over its XML-RPC socket."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time
import xmlrpc.client
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from local.stack.errors import StackError
from local.stack.layout import LOGS, OWNER_VARIABLE, ROOT, STATE, Layout, Program

CONFIGURATION = STATE / "supervisord.conf"
STOP_SECONDS = 20
# Supervisord's session, which its programs stay in: Airflow's processes rename themselves and with that overwrite the
# environment that would show whose they are.
SESSION = STATE / "session"


def _section(program: Program) -> str:
    return "\n".join(
        [
            f"[program:{program.name}]",
            f"command={f'nice -n {program.nice} ' if program.nice else ''}{program.command}",
            f"directory={ROOT}",
            "autostart=false",
            "autorestart=true",
            "startsecs=1",
            "startretries=3",
            f"stopsignal={program.stop_signal}",
            f"stopwaitsecs={STOP_SECONDS}",
            "stopasgroup=true" if program.name != "postgres" else "stopasgroup=false",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={LOGS / program.name}.log",
            "stdout_logfile_maxbytes=20MB",
            "stdout_logfile_backups=1",
        ]
    )


def write_configuration(layout: Layout) -> None:
    """Write supervisord's configuration. The programs' environment is not in it: supervisord hands its own on."""
    for folder in (STATE, LOGS, STATE / "airflow", STATE / "firehose"):
        folder.mkdir(parents=True, exist_ok=True)
    head = [
        "[supervisord]",
        f"logfile={LOGS / 'supervisord.log'}",
        f"pidfile={STATE / 'supervisord.pid'}",
        f"childlogdir={LOGS}",
        "logfile_maxbytes=5MB",
        # Supervisor warns when it runs as root without being told that this is meant (containers, CI).
        *(["user=root"] if os.geteuid() == 0 else []),
        "",
        "[unix_http_server]",
        f"file={layout.control_socket}",
        "chmod=0700",
        "",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        "",
    ]
    sections = [_section(program) + "\n" for program in layout.programs.values()]
    CONFIGURATION.write_text("\n".join([*head, *sections]))


class Supervisor:
    """The running supervisord of this stack."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @property
    def _rpc(self) -> Any:
        """Supervisor's XML-RPC interface. Any: the types of what it answers are known to supervisor alone."""
        # Here, because in containers nothing is supervised, and supervisor is not installed.
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self.layout.control_socket}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)

    def running(self) -> bool:
        """Whether supervisord answers."""
        try:
            return bool(self._rpc.supervisor.getState()["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def states(self) -> dict[str, str]:
        """Each program's state in supervisor's words (RUNNING, STOPPED, FATAL ...); empty when nothing runs."""
        try:
            return {entry["name"]: entry["statename"] for entry in self._rpc.supervisor.getAllProcessInfo()}
        except (OSError, xmlrpc.client.Error):
            return {}

    def _fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.layout.environment, sort_keys=True).encode()).hexdigest()

    def boot(self) -> None:
        """Start supervisord with no program, unless it runs.

        Raises StackError when it runs with other settings than `.env` has now, or does not start.
        """
        if self.running():
            if (STATE / "environment").read_text() != self._fingerprint():
                raise StackError("The settings in .env changed since the stack was started. Run make down up.")
            return
        with contextlib.suppress(FileNotFoundError):
            self.layout.control_socket.unlink()
        command = [str(ROOT / ".venv" / "bin" / "supervisord"), "--configuration", str(CONFIGURATION)]
        environment = {**os.environ, **self.layout.environment}
        result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
        (STATE / "environment").write_text(self._fingerprint())
        deadline = time.monotonic() + 15
        while not self.running():
            if result.returncode or time.monotonic() > deadline:
                raise StackError(f"The process manager did not start: {(result.stdout + result.stderr).strip()[-600:]}")
            time.sleep(0.05)
        SESSION.write_text(f"{os.getsid(int(self._rpc.supervisor.getPID()))} {psutil.boot_time()}")

    def start(self, name: str) -> None:
        """Start one program unless it runs.

        Raises StackError with the end of its log when it ends at once.
        """
        if self.states().get(name) in ("RUNNING", "STARTING"):
            return
        try:
            self._rpc.supervisor.startProcess(name, False)
        except xmlrpc.client.Fault as fault:
            raise StackError(f"{name} did not start: {fault.faultString}. {log_tail(name)}") from fault

    def stop_all(self) -> None:
        """Stop every program and supervisord itself, and wait for the end."""
        try:
            pid = int(self._rpc.supervisor.getPID())
            self._rpc.supervisor.shutdown()
        except (OSError, xmlrpc.client.Error):
            return
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            # It kills what has not ended after STOP_SECONDS; on a busy machine that takes its time.
            psutil.Process(pid).wait(STOP_SECONDS + 60)


def _session() -> int | None:
    """The session of the last supervisord, or None if the machine was started anew since."""
    try:
        session, booted = SESSION.read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(session) if float(booted) == psutil.boot_time() else None


def _is_ours(process: psutil.Process, session: int | None) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        if session is not None and os.getsid(process.pid) == session:
            return True
        return process.environ().get(OWNER_VARIABLE) == str(STATE)
    return False


def orphans() -> list[psutil.Process]:
    """Processes of this stack that run without a manager (after a crash or kill -9)."""
    session = _session()
    found = [p for p in psutil.process_iter() if p.pid != os.getpid() and _is_ours(p, session)]
    postmaster = STATE / "postgres" / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        process = psutil.Process(int(postmaster.read_text().splitlines()[0]))
        if "postgres" in process.name() and process not in found:
            found.append(process)
    return found


def end(processes: Iterable[psutil.Process], seconds: float = 8) -> None:
    """Ask processes to end, then make them."""
    processes = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            # PostgreSQL waits for its clients on SIGTERM; SIGINT is its fast shutdown.
            process.send_signal(signal.SIGINT if "postgres" in process.name() else signal.SIGTERM)
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=seconds)


def log_tail(name: str, lines: int = 12) -> str:
    """The end of a program's log, for an error message."""
    path = Path(LOGS / f"{name}.log")
    if not path.exists():
        return f"It wrote no log ({path})."
    text = path.read_text(errors="replace").splitlines()[-lines:]
    return "\n".join([f"The end of {path}:", *text])
