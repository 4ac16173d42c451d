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
    serve.add_argument(
        "--history-days", type=int, default=_default("HISTORY_DAYS", "365"), help="what ran is kept so long"
    )
    serve.add_argument("--edition", default=_default("EDITION", "enterprise"), help="standard or enterprise")
    serve.add_argument(
        "--latency", default=_default("LATENCY", "none"), help="age of ACCOUNT_USAGE: none, documented, or minutes"
    )
    serve.add_argument(
        "--enforce-snowflake-grants",
        action="store_true",
        default=_default("ENFORCE_SNOWFLAKE_GRANTS", "").lower() in {"1", "true", "yes"},
        help="a role needs SNOWFLAKE's database roles to read ACCOUNT_USAGE",
    )
    arguments = parser.parse_args()
    if arguments.command == "init":
        print(tls.ensure(arguments.data_dir).bundle)
        return
    # DuckDB and Arrow take most of a second to import, which `init` need not wait for.
    from .account_usage.visibility import Visibility
    from .server import Options
    from .server import serve as run

    try:
        visibility = Visibility(arguments.edition, arguments.latency, arguments.enforce_snowflake_grants)
    except ValueError as error:
        parser.error(str(error))
    run(
        Options(
            arguments.host,
            arguments.port,
            arguments.data_dir,
            arguments.threads,
            arguments.memory_limit,
            arguments.history_days,
            visibility,
        )
    )


def _default(name: str, value: str) -> str:
    return os.environ.get(f"WAREHOUSE_{name}", value)


if __name__ == "__main__":
    main()
