"""Starts the local Slack: `python -m local.slack serve --port 8090 --data-dir .local/slack`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from local.slack.connection import DroppableProtocol
from local.slack.server import application
from local.slack.workspace import Settings, Workspace

DEFAULT_BOT_TOKEN = "xoxb-local-000000000000"
DEFAULT_USER_TOKEN = "xoxp-local-000000000000"
SHUTDOWN_SECONDS = 3
logger = logging.getLogger("local.slack")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.slack", description=__doc__)
    serve = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="run in the foreground")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (a container needs 0.0.0.0)")
    serve.add_argument("--port", type=int, default=int(os.environ.get("SLACK_PORT", "8090")))
    serve.add_argument("--data-dir", type=Path, default=Path(os.environ.get("SLACK_DATA_DIR", ".local/slack")))
    faults = os.environ.get("STANDIN_FAULTS") == "on"
    serve.add_argument(
        "--enable-faults", action="store_true", default=faults, help="serve /_local: faults, journal, reset"
    )
    serve.add_argument("--no-rate-limits", action="store_true", help="let every call through, for fast tests")
    serve.add_argument("--edit-window-minutes", type=int, help="refuse edits of older messages, as a workspace may")
    return parser.parse_args(argv)


def _workspace(options: argparse.Namespace) -> Workspace:
    settings = Settings(
        data_dir=options.data_dir,
        bot_token=os.environ.get("SLACK_BOT_TOKEN") or DEFAULT_BOT_TOKEN,
        user_token=os.environ.get("SLACK_USER_TOKEN") or DEFAULT_USER_TOKEN,
        faults_enabled=options.enable_faults,
        rate_limits_enabled=not options.no_rate_limits,
        edit_window_minutes=options.edit_window_minutes,
    )
    return Workspace(settings)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; 1 with a sentence when the start fails."""
    options = _arguments(argv)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        workspace = _workspace(options)
    except (OSError, sqlite3.Error) as error:
        return _failed(f"Cannot open the data directory {options.data_dir}: {error}. Check it or run `make clean`.")
    try:
        listener = socket.create_server((options.host, options.port))
    except OSError as error:
        return _failed(f"Cannot listen on {options.host}:{options.port}: {error}. Stop what does or choose --port.")
    # uvicorn repeats the signal that ended it, which would turn a clean stop into a death by signal.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = uvicorn.Server(
        uvicorn.Config(
            application(workspace),
            http=DroppableProtocol,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    logger.info("page and API on http://%s:%s, state in %s", options.host, options.port, options.data_dir)
    try:
        server.run(sockets=[listener])
    finally:
        workspace.database.close()
    return 0 if server.started else 1


def _failed(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
