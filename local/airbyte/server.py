"""Starts and stops the server: state, what a crash left behind, the API, an orderly end."""

from __future__ import annotations

import logging
import signal
import socket
import sys

import uvicorn

from local.airbyte.api.app import build
from local.airbyte.api.http import Services
from local.airbyte.database import Database
from local.airbyte.engine.runner import Runner
from local.airbyte.faults import Faults
from local.airbyte.history import History
from local.airbyte.settings import Settings
from local.airbyte.store import Store

LOG = logging.getLogger("airbyte")
# The process manager waits five seconds for all of it.
STOP_SECONDS = 3.0


def _taken(settings: Settings) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return True
    return False


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(name)s %(message)s")
    # The connector library logs each statement and each renewed token.
    logging.getLogger("snowflake").setLevel(logging.WARNING)
    if _taken(settings):
        print(
            f"Port {settings.port} is taken: stop what listens there, or choose another with --port.", file=sys.stderr
        )
        return 1
    database = Database(settings.database)
    history, store, faults = History(database), Store(database), Faults()
    for job_id in history.fail_unfinished("The server was restarted while the job ran."):
        LOG.info("job %s: failed, the server was restarted", job_id)
    runner = Runner(settings, store, history, faults)
    services = Services(settings=settings, store=store, history=history, runner=runner, faults=faults)
    config = uvicorn.Config(
        build(services),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    LOG.info("listening on http://%s:%s, state in %s", settings.host, settings.port, settings.data_dir)
    # Uvicorn handles both while it serves, then raises again what it got: that would end the process before the jobs.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, signal.SIG_IGN)
    uvicorn.Server(config).run()
    runner.stop(STOP_SECONDS)
    database.close()
    LOG.info("stopped")
    return 0
