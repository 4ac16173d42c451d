"""The command line: `serve` runs the world, `expected` computes from the data package alone what it must hold."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

DEFAULT_DSN = "postgresql://postgres:postgres-local@127.0.0.1:5442/storefront"


def main() -> None:
    """Run the command; a failure is one sentence and exit code 1."""
    options = _parser().parse_args()
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # Until the server takes over, a stop is an exit: the first load is one transaction and leaves nothing behind.
    signal.signal(signal.SIGTERM, _exit)
    options.run(options)


def _serve(options: argparse.Namespace) -> None:
    import uvicorn

    from local.world.dataset import DatasetError
    from local.world.server import Credentials, application
    from local.world.store import StoreError
    from local.world.ticker import Ticker

    options.data_dir.mkdir(parents=True, exist_ok=True)
    # Taken before the first load, which takes a while, and listened on after it: a refused connection is "not ready".
    listener = _bind(options.host, options.port)
    try:
        ticker = Ticker(dsn=options.dsn, days=options.days, seed=options.seed, freeze_at=options.freeze_at)
    except (StoreError, DatasetError) as error:
        sys.exit(str(error))
    credentials = Credentials(
        payments_key=os.environ.get("PAYMENTS_API_KEY") or "sk_test_local_0000000000000000",
        analytics_key=os.environ.get("PRODUCT_ANALYTICS_API_KEY") or "local-analytics-key-00000000",
        analytics_secret=os.environ.get("PRODUCT_ANALYTICS_SECRET_KEY") or "local-analytics-secret-00000000",
    )
    app = application(ticker, dsn=options.dsn, credentials=credentials, data_dir=options.data_dir)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=3)
    logging.getLogger("world").info("ready on http://%s:%d", options.host, options.port)
    uvicorn.Server(config).run(sockets=[listener])


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        sys.exit(f"Port {port} of {host} cannot be used ({error.strerror}); free it or choose another with --port.")
    return listener


def _expected(options: argparse.Namespace) -> None:
    from local.world.expected import ExpectedError, write_expected

    try:
        write_expected(sys.stdout, dsn=options.dsn, by_shop=options.by == "day,shop", until=options.until)
    except ExpectedError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.world", description=__doc__)
    commands = parser.add_subparsers(required=True)

    serve = commands.add_parser("serve", help="run the world in the foreground")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=int(os.environ.get("WORLD_PORT") or 8091))
    serve.add_argument("--data-dir", type=Path, default=Path(".local/world"), help="scratch space for exports")
    serve.add_argument("--days", type=_days, default=os.environ.get("WORLD_DAYS") or "28", help="days of history")
    serve.add_argument("--seed", type=int, default=2017, help="what is drawn, is drawn from this")
    serve.add_argument("--freeze-at", type=_moment, help="on the first start: a clock that stands still at this moment")
    serve.set_defaults(run=_serve)

    expected = commands.add_parser("expected", help="what the application database must hold, as CSV")
    expected.add_argument("--by", choices=("day", "day,shop"), default="day,shop")
    expected.add_argument("--until", type=_moment, help="orders placed up to this moment (default: the last tick)")
    expected.set_defaults(run=_expected)

    for command in (serve, expected):
        command.add_argument("--dsn", default=os.environ.get("STOREFRONT_DSN") or DEFAULT_DSN)
    return parser


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= 365:
        raise argparse.ArgumentTypeError(f"{days} is no number of days from 1 to 365")
    return days


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _exit(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
