"""The connector's command line: `spec`, `check`, `discover`, `read`, one JSON message a line on standard output."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

import orjson
import psycopg
import yaml

from local.airbyte.sources.postgres import catalog, messages, read
from local.airbyte.sources.postgres.connect import ConfigurationError, connect

SPECIFICATION = Path(__file__).with_name("spec.yaml")


def _json(path: str | None) -> Any:
    return orjson.loads(Path(path).read_bytes()) if path else None


def _check(config: dict[str, Any]) -> int:
    try:
        with connect(config) as connection:
            catalog.discover(connection, config.get("schemas") or ["public"])
    except (psycopg.Error, ConfigurationError) as error:
        messages.connection_status("FAILED", str(error).strip())
    else:
        messages.connection_status("SUCCEEDED")
    return 0


def _discover(config: dict[str, Any]) -> int:
    with connect(config) as connection:
        messages.catalog(catalog.discover(connection, config.get("schemas") or ["public"]))
    return 0


def _read(config: dict[str, Any], configured: dict[str, Any], state: list[dict[str, Any]]) -> int:
    with connect(config) as connection:
        read.read(connection, configured, state)
    return 0


def _run(arguments: argparse.Namespace) -> int:
    if arguments.verb == "spec":
        messages.spec(yaml.safe_load(SPECIFICATION.read_text()))
        return 0
    config = _json(arguments.config)
    if arguments.verb == "check":
        return _check(config)
    if arguments.verb == "discover":
        return _discover(config)
    return _read(config, _json(arguments.catalog), _json(arguments.state) or [])


def main() -> int:
    parser = argparse.ArgumentParser(prog="source-postgres")
    parser.add_argument("verb", choices=["spec", "check", "discover", "read"])
    for flag in ("--config", "--catalog", "--state"):
        parser.add_argument(flag)
    # The default action ends the process at once; a line may be cut, which the protocol's platform side tolerates.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        return _run(parser.parse_args())
    except ConfigurationError as error:
        messages.error("config_error", str(error))
    except psycopg.OperationalError as error:
        messages.error("transient_error", f"PostgreSQL could not be read: {str(error).strip()}")
    except psycopg.Error as error:
        messages.error("system_error", f"PostgreSQL refused a query: {str(error).strip()}")
    finally:
        messages.flush()
    return 1


if __name__ == "__main__":
    sys.exit(main())
