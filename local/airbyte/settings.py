"""What the server was told: flags and environment, read once.

One frozen value is handed to every part, so that a test or a container can change a default without patching.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_PREFIX = "/api/public/v1"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The configuration of one server. Times are seconds, sizes bytes."""

    host: str
    port: int
    data_dir: Path
    client_id: str
    client_secret: str
    enable_faults: bool = False
    token_seconds: int = 900
    max_parallel_jobs: int = 3
    attempts: int = 3
    backoff: tuple[float, ...] = (1.0, 3.0)
    batch_rows: int = 100_000
    batch_bytes: int = 64 * 1024 * 1024
    python: str = ".venvs/airbyte/bin/python"
    declarative: str = ".venvs/connectors/bin/source-declarative-manifest"

    @property
    def database(self) -> Path:
        return self.data_dir / "airbyte.db"

    @property
    def jobs_dir(self) -> Path:
        return self.data_dir / "jobs"

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}{PUBLIC_PREFIX}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.airbyte", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the API and run jobs in the foreground")
    serve.add_argument("--host", default=os.environ.get("AIRBYTE_HOST", "127.0.0.1"))
    serve.add_argument("--port", type=int, default=int(os.environ.get("AIRBYTE_PORT", "8006")))
    serve.add_argument("--data-dir", type=Path, default=Path(os.environ.get("AIRBYTE_DATA_DIR", ".local/airbyte")))
    faults = os.environ.get("STANDIN_FAULTS") == "on"
    serve.add_argument(
        "--enable-faults", action="store_true", default=faults, help="allow POST /_local/faults (tests and drills)"
    )
    serve.add_argument("--token-seconds", type=int, default=900, help="life of an access token")
    serve.add_argument("--max-parallel-jobs", type=int, default=3, help="further jobs wait with status `queued`")
    serve.add_argument("--attempts", type=int, default=3, help="attempts per job; a config_error ends it at once")
    serve.add_argument("--batch-rows", type=int, default=100_000, help="rows of one stream loaded at a time")
    return parser


def parse(arguments: list[str] | None = None) -> Settings:
    """Settings from the command line and, where a flag is absent, the environment."""
    given = _parser().parse_args(arguments)
    return Settings(
        host=given.host,
        port=given.port,
        data_dir=given.data_dir.resolve(),
        client_id=os.environ.get("AIRBYTE_CLIENT_ID", "local-client"),
        client_secret=os.environ.get("AIRBYTE_CLIENT_SECRET", "local-client-secret-0000000000"),
        enable_faults=given.enable_faults,
        token_seconds=given.token_seconds,
        max_parallel_jobs=given.max_parallel_jobs,
        attempts=given.attempts,
        batch_rows=given.batch_rows,
        python=os.environ.get("AIRBYTE_CONNECTOR_PYTHON", Settings.python),
        declarative=os.environ.get("AIRBYTE_CONNECTOR_DECLARATIVE", Settings.declarative),
    )
