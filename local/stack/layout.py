"""What the local stack consists of: its ports, its folders, its environment variables and its programs.

This is the one place where an address of the stack is put together. Everything else asks.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A second stack beside the first (a test's, a benchmark's) has its state and its settings elsewhere.
STATE = Path(os.environ.get("BACKBEAT_STATE", ROOT / ".local")).resolve()
ENV_FILE = Path(os.environ.get("BACKBEAT_ENV_FILE", ROOT / ".env")).resolve()
LOGS = STATE / "logs"
LOOPBACK = "127.0.0.1"
# Marks every process of this stack, so that `make down` finds those that lost their manager.
OWNER_VARIABLE = "BACKBEAT_STACK"

PIPELINES = ("storefront_hourly", "payments_hourly", "product_analytics_hourly")
MARTS = "business_marts"
# Ask the warehouse about itself; run by the clock, and the last one when somebody asks.
META_LAYER = ("meta_layer_now", "meta_layer_daily", "meta_layer_weekly", "meta_layer_question")


# On one machine a page would wait behind every task. The scheduler steps back as far as its workers: in front of them
# it would look for their ends more often than there are any.
BEHIND_PEOPLE = 5


@dataclass(frozen=True)
class Program:
    """One process of the stack, as supervisor runs it."""

    name: str
    command: str
    health: str | None = None
    """An address that answers 200 when the program is ready; None: ready when it runs."""
    port_variable: str | None = None
    stop_signal: str = "TERM"
    title: str = ""
    nice: int = 0
    """How much it steps back where there is more work than cores (nice(1)); its children do as it does."""


@dataclass(frozen=True)
class Layout:
    """The stack of this checkout, as `.env` configures it."""

    values: Mapping[str, str] = field(repr=False)

    def port(self, variable: str) -> int:
        return int(self.values[variable])

    def host(self, name: str) -> str:
        """Where a program listens: on this machine, or in the container that its variable names."""
        return self.values.get(f"{name}_HOST") or LOOPBACK

    @property
    def in_containers(self) -> bool:
        """Whether each program has a container of its own."""
        return self.host("AIRFLOW") != LOOPBACK

    def published(self) -> Layout:
        """The same stack with the addresses that people on this machine use."""
        return Layout({name: value for name, value in self.values.items() if not name.endswith("_HOST")})

    @property
    def airflow_url(self) -> str:
        return f"http://{self.host('AIRFLOW')}:{self.port('AIRFLOW_PORT')}"

    @property
    def slack_url(self) -> str:
        return f"http://{self.host('SLACK')}:{self.port('SLACK_PORT')}"

    @property
    def airbyte_url(self) -> str:
        return f"http://{self.host('AIRBYTE')}:{self.port('AIRBYTE_PORT')}/api/public/v1"

    @property
    def world_url(self) -> str:
        return f"http://{self.host('WORLD')}:{self.port('WORLD_PORT')}"

    @property
    def warehouse_url(self) -> str:
        return f"https://{self.host('WAREHOUSE')}:{self.port('WAREHOUSE_PORT')}"

    @property
    def ca_bundle(self) -> Path:
        return STATE / "warehouse" / "tls" / "bundle.pem"

    @property
    def control_socket(self) -> Path:
        """Supervisor's socket. Not below the checkout: a socket's path may have 104 characters at most on macOS."""
        name = hashlib.sha256(str(STATE).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"backbeat-{os.getuid()}-{name}.sock"

    def postgres_dsn(self, database: str, driver: str = "") -> str:
        """A database of the stack's PostgreSQL; with a driver as a SQLAlchemy URL."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        address = f"127.0.0.1:{self.port('POSTGRES_PORT')}"
        return f"{scheme}://postgres:{self.values['POSTGRES_PASSWORD']}@{address}/{database}"

    @cached_property
    def environment(self) -> dict[str, str]:
        """Every variable that the stack's programs get, on top of PATH, HOME and the like."""
        return {
            **self.values,
            **self._shared(),
            **self._airflow(),
            **self._platform(),
            **self._sources(),
        }

    def _shared(self) -> dict[str, str]:
        path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        return {
            OWNER_VARIABLE: str(STATE),
            "BACKBEAT_STATE": str(STATE),
            "BACKBEAT_ENV_FILE": str(ENV_FILE),
            "PATH": path,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'config'}",
            "PYTHONUNBUFFERED": "1",
            # Set in some images; without bytecode every process compiles Airflow anew, 10 s of a core each time.
            "PYTHONDONTWRITEBYTECODE": "",
            # The public roots and the local warehouse's own: the connector, requests and httpx each read one of them.
            "REQUESTS_CA_BUNDLE": str(self.ca_bundle),
            "SSL_CERT_FILE": str(self.ca_bundle),
            # Fork and sockets on macOS, as Airflow's documentation asks for.
            "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
            "no_proxy": "127.0.0.1,localhost",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def _airflow(self) -> dict[str, str]:
        home = STATE / "airflow"
        return {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW_CONFIG": str(ROOT / "config" / "airflow.cfg"),
            "AIRFLOW__CORE__DAGS_FOLDER": self.values.get("DAGS_FOLDER") or str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__FERNET_KEY": self.values["AIRFLOW_FERNET_KEY"],
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.airflow_url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.postgres_dsn("airflow", "psycopg2"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": self.postgres_dsn("airflow", "asyncpg"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": self.values["AIRFLOW_PORT"],
            "AIRFLOW__API__BASE_URL": self.airflow_url,
            "AIRFLOW__API__SECRET_KEY": self.values["AIRFLOW_API_SECRET_KEY"],
            "AIRFLOW__API_AUTH__JWT_SECRET": self.values["AIRFLOW_JWT_SECRET"],
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(LOGS / "airflow"),
            "AIRFLOW_CONN_AIRBYTE_DEFAULT": json.dumps(
                {
                    "conn_type": "airbyte",
                    "host": self.airbyte_url,
                    "login": self.values["AIRBYTE_CLIENT_ID"],
                    "password": self.values["AIRBYTE_CLIENT_SECRET"],
                    # Self-hosted Airbyte takes 30 s and more to answer POST /jobs when several come together.
                    "extra": {"timeout": 120},
                }
            ),
            "AIRFLOW_CONN_SNOWFLAKE_DEFAULT": self._snowflake("airflow", "TRANSFORMER", "TRANSFORM_WH", "ANALYTICS"),
            "AIRFLOW_CONN_SNOWFLAKE_META": self._snowflake("META", "META_READER", "META_WH", "META", "LAYER"),
        }

    def _snowflake(self, user: str, role: str, warehouse: str, database: str, schema: str = "") -> str:
        """A connection of Airflow to the local warehouse."""
        return json.dumps(
            {
                "conn_type": "snowflake",
                "login": user,
                "password": self.values["SNOWFLAKE_PASSWORD"],
                "schema": schema,
                "extra": {
                    "account": "local",
                    "host": "127.0.0.1",
                    "port": self.port("WAREHOUSE_PORT"),
                    "database": database,
                    "warehouse": warehouse,
                    "role": role,
                },
            }
        )

    def _platform(self) -> dict[str, str]:
        return {
            "FIREHOSE_DSN": self.postgres_dsn("firehose", "psycopg"),
            "FIREHOSE_AIRFLOW_USERNAME": "admin",
            "FIREHOSE_AIRFLOW_PASSWORD": self.values["AIRFLOW_ADMIN_PASSWORD"],
            "FIREHOSE_SPOOL": str(STATE / "firehose" / "spool.jsonl"),
            "SLACK_API_URL": f"{self.slack_url}/api/",
            "SLACK_CHANNEL_URL": self.slack_url,
            "AIRBYTE_URL": self.airbyte_url,
            "SNOWFLAKE_ACCOUNT": "local",
            "SNOWFLAKE_HOST": "127.0.0.1",
            "SNOWFLAKE_PORT": self.values["WAREHOUSE_PORT"],
            "SNOWFLAKE_USER": "TRANSFORMER",
            "SNOWFLAKE_ROLE": "TRANSFORMER",
            "SNOWFLAKE_WAREHOUSE": "TRANSFORM_WH",
            "SNOWFLAKE_DATABASE": "ANALYTICS",
            "SNOWFLAKE_LOADER_USER": "LOADER",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        }

    def _sources(self) -> dict[str, str]:
        return {
            "STOREFRONT_DB_HOST": "127.0.0.1",
            "STOREFRONT_DB_PORT": self.values["POSTGRES_PORT"],
            "STOREFRONT_DB_NAME": "storefront",
            "STOREFRONT_DB_USER": "postgres",
            "STOREFRONT_DB_PASSWORD": self.values["POSTGRES_PASSWORD"],
            "STOREFRONT_DSN": self.postgres_dsn("storefront"),
            "PAYMENTS_API_URL": f"{self.world_url}/payments",
            "PRODUCT_ANALYTICS_API_URL": f"{self.world_url}/analytics",
        }

    @property
    def history(self) -> dict[str, str]:
        """Where the sources' history begins, once the shop platform has said so: provisioning alone asks for it."""
        try:
            start = (STATE / "history").read_text()
        except FileNotFoundError:
            return {}
        return {"PAYMENTS_START_DATE": start, "PRODUCT_ANALYTICS_START_DATE": start}

    def _standin(self, name: str, port_variable: str, health: str, *, title: str, stop_signal: str = "TERM") -> Program:
        python = ROOT / ".venvs" / name / "bin" / "python"
        command = f"{python} -m local.{name} serve --port {self.port(port_variable)} --data-dir {STATE / name}"
        return Program(name, command, health, port_variable, stop_signal, title)

    @cached_property
    def programs(self) -> dict[str, Program]:
        """All programs by name."""
        airflow = f"{ROOT / '.venv' / 'bin' / 'airflow'}"
        firehose = f"{ROOT / '.venv' / 'bin' / 'python'} -m include.firehose"
        api_health = f"{self.airflow_url}/api/v2/version"
        programs = [
            self._standin("postgres", "POSTGRES_PORT", "", stop_signal="INT", title="PostgreSQL"),
            self._standin("warehouse", "WAREHOUSE_PORT", f"{self.warehouse_url}/health", title="Snowflake stand-in"),
            self._standin("slack", "SLACK_PORT", f"{self.slack_url}/health", title="Slack stand-in"),
            self._standin("world", "WORLD_PORT", f"{self.world_url}/health", title="shop platform"),
            self._standin("airbyte", "AIRBYTE_PORT", f"{self.airbyte_url}/health", title="Airbyte stand-in"),
            Program(
                "api-server", f"{airflow} api-server", api_health, "AIRFLOW_PORT", title="Airflow web UI and REST API"
            ),
            Program(
                "scheduler", f"{airflow} scheduler --skip-serve-logs", title="Airflow scheduler", nice=BEHIND_PEOPLE
            ),
            Program("dag-processor", f"{airflow} dag-processor", title="Airflow DAG processor", nice=BEHIND_PEOPLE),
            Program("triggerer", f"{airflow} triggerer --skip-serve-logs", title="Airflow triggerer"),
            Program("firehose", f"{firehose} dispatch", title="firehose dispatcher", nice=BEHIND_PEOPLE),
            Program("firehose-watch", f"{firehose} watch", title="firehose watch", nice=BEHIND_PEOPLE),
        ]
        return {program.name: program for program in programs}
