"""The environment, read in one function. Nothing else of ours reads environment variables.

A missing variable is reported by name with what to do, at the moment somebody needs it: parsing a DAG never fails
because Slack's token is not there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from include.settings.vocabulary import EnvironmentName, TransformMode

SLACK_API = "https://slack.com/api/"


class MissingVariable(LookupError):
    """A needed environment variable is not set."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The environment variable {name} is not set. On a laptop `make up` writes it to .env; elsewhere it comes "
            "from the deployment's secrets (see .env.example)."
        )


@dataclass(frozen=True)
class Environment:
    """One copy of the platform, as its environment variables describe it."""

    name: EnvironmentName
    airflow_url: str
    transform_mode: TransformMode
    slack_api_url: str
    slack_channel: str
    variables: Mapping[str, str] = field(repr=False)

    @property
    def task_processes(self) -> int:
        """How many tasks may run as processes at once on one machine; each needs about 150 MB.

        By default one more than there are cores, and at least three: builds beyond that only take turns, at a price
        (docs/performance.md). Where the warehouse is elsewhere a build mostly waits, and more are worth their memory.
        Raises ValueError for a value that is not a number.
        """
        text = self.get("TASK_PROCESSES")
        if not text:
            return max(3, (os.cpu_count() or 1) + 1)
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(f"TASK_PROCESSES is {text!r}: use a whole number from 1 on.")
        return int(text)

    @property
    def firehose_dsn(self) -> str:
        """The outbox: a PostgreSQL database of the firehose's own, as a SQLAlchemy URL."""
        return self.require("FIREHOSE_DSN")

    @property
    def airflow_api_url(self) -> str:
        """Where programs reach Airflow, when it is not where people do (AIRFLOW_API_URL)."""
        return self.get("AIRFLOW_API_URL", self.airflow_url).rstrip("/")

    @property
    def slack_channel_url(self) -> str:
        """Where a person reads the channel: Slack itself, or what SLACK_CHANNEL_URL says (the stand-in's page)."""
        return self.get("SLACK_CHANNEL_URL", f"https://slack.com/app_redirect?channel={self.slack_channel}")

    @property
    def slack_token(self) -> str:
        return self.require("SLACK_BOT_TOKEN")

    def require(self, name: str) -> str:
        """The value of a variable that somebody declared by name (a source's secret, a DSN).

        Raises MissingVariable when it is not set or empty.
        """
        value = self.variables.get(name, "")
        if not value:
            raise MissingVariable(name)
        return value

    def get(self, name: str, default: str = "") -> str:
        """The value of a variable that may be left out."""
        return self.variables.get(name) or default

    def number(self, name: str) -> float | None:
        """The value of a variable that is a number; None when it is not set. Raises ValueError for anything else."""
        value = self.get(name)
        try:
            return float(value) if value else None
        except ValueError as error:
            raise ValueError(
                f"The environment variable {name} must be a number, such as 2.60, and is {value}."
            ) from error


def load(variables: Mapping[str, str] | None = None) -> Environment:
    """Read the environment (or the given mapping, in tests).

    Raises ValueError when BACKBEAT_ENVIRONMENT or BACKBEAT_TRANSFORM_MODE is not a word of the vocabulary.
    """
    values = os.environ if variables is None else variables
    return Environment(
        name=EnvironmentName(values.get("BACKBEAT_ENVIRONMENT", EnvironmentName.LOCAL)),
        airflow_url=values.get("AIRFLOW__API__BASE_URL", "http://127.0.0.1:8080").rstrip("/"),
        transform_mode=TransformMode(values.get("BACKBEAT_TRANSFORM_MODE", TransformMode.BUILD)),
        slack_api_url=values.get("SLACK_API_URL", SLACK_API),
        slack_channel=values.get("SLACK_CHANNEL", "C0FIREHOSE"),
        variables=values,
    )
