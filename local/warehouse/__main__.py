"""Command line: `python -m local.warehouse serve|init`."""

import argparse
import os
from pathlib import Path

from . import tls


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.warehouse", description="A local Snowflake.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run in the foreground until SIGTERM")
    init = commands.add_parser("init", help="make the certificates and exit")
    for command in (serve, init):
        command.add_argument("--data-dir", type=Path, default=_default("DATA_DIR", ".local/warehouse"))
    serve.add_argument("--host", default=_default("HOST", "127.0.0.1"))
    serve.add_argument("--port", type=int, default=_default("PORT", "8443"))
    serve.add_argument("--threads", type=int, default=_default("THREADS", "2"), help="DuckDB's worker threads")
    serve.add_argument("--memory-limit", default=_default("MEMORY_LIMIT", "2GB"), help="DuckDB spills to disk above it")
    arguments = parser.parse_args()
    if arguments.command == "init":
        print(tls.ensure(arguments.data_dir).bundle)
        return
    # DuckDB and Arrow take most of a second to import, which `init` need not wait for.
    from .server import Options
    from .server import serve as run

    run(Options(arguments.host, arguments.port, arguments.data_dir, arguments.threads, arguments.memory_limit))


def _default(name: str, value: str) -> str:
    return os.environ.get(f"WAREHOUSE_{name}", value)


if __name__ == "__main__":
    main()
