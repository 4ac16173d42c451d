"""The closed vocabularies, each written once. A word that is not here does not exist; tests import these enums."""

from __future__ import annotations

from enum import StrEnum


class EnvironmentName(StrEnum):
    """Where this copy of the platform runs."""

    LOCAL = "local"
    BRANCH = "branch"
    STAGING = "staging"
    PRODUCTION = "production"


class Cadence(StrEnum):
    """How often something is expected to happen."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


class Tag(StrEnum):
    """Tags of DAGs, as people filter by them in the Airflow UI."""

    SYNC = "sync"
    TRANSFORM = "transform"
    MARTS = "marts"
    META = "meta"


class Severity(StrEnum):
    """How much an event wants a person."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class TransformMode(StrEnum):
    """How the tasks of a dbt group come to their states.

    BUILD: one `dbt build` per pipeline, whose word a task per model takes without a process of its own. WATCHER and
    LOCAL are Cosmos's own modes, kept for comparison and as a way back.
    """

    BUILD = "build"
    WATCHER = "watcher"
    LOCAL = "local"
