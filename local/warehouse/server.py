"""The process: one HTTP server over one storage, until it is told to stop."""

import logging
import signal
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import duckdb
import uvicorn
from starlette.applications import Starlette

from . import copying, protocol, tls
from .account_usage.visibility import Visibility
from .session import Sessions
from .storage import Storage

logger = logging.getLogger("local.warehouse")

CHECKPOINT_SECONDS = 30.0
# Clients keep their connections open; nobody waits for them when the server stops.
SHUTDOWN_SECONDS = 2


@dataclass(frozen=True)
class Options:
    """What `serve` was asked for."""

    host: str
    port: int
    data_dir: Path
    threads: int
    memory_limit: str
    history_days: int
    visibility: Visibility


def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
    options.data_dir.mkdir(parents=True, exist_ok=True)
    certificates = tls.ensure(options.data_dir)
    copying.install()
    try:
        storage = Storage(
            options.data_dir,
            threads=options.threads,
            memory_limit=options.memory_limit,
            history_days=options.history_days,
            visibility=options.visibility,
        )
    except duckdb.IOException as error:
        if "lock" not in str(error):
            raise
        sys.exit(f"Another process uses {options.data_dir}: stop it, or choose another --data-dir.")
    sessions = Sessions(storage)
    app = Starlette(routes=protocol.routes())
    app.state.sessions = sessions
    app.state.running = {}
    # A year of statements takes some seconds, which nobody has to wait for who does not ask about them.
    threading.Thread(target=storage.usage.prepare, daemon=True).start()
    threading.Thread(target=storage.keep_checkpointing, args=(CHECKPOINT_SECONDS,), daemon=True).start()
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        ssl_certfile=certificates.certificate,
        ssl_keyfile=certificates.key,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=300,
    )
    logger.info("databases attached: %s", ", ".join(storage.database_names()) or "none")
    for stop in (signal.SIGTERM, signal.SIGINT):
        # uvicorn has its own handler while it runs and sends the signal again when it is done: then there is still
        # the storage to close.
        signal.signal(stop, lambda *_: None)
    try:
        uvicorn.Server(config).run()
    finally:
        sessions.close_all()
        storage.close()
        logger.info("stopped")
