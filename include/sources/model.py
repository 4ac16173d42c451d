"""The frozen model of one `<source>.yml`: what is loaded, how often, by whom it is owned, and how old it may become.

A declaration is checked when it is read, because a wrong one would otherwise show as a failed sync at night. Each
error names the file, the key and what to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from include.settings.vocabulary import Cadence
from include.sources import references

SECRET_WORDS = ("password", "secret", "token", "api_key", "private_key", "passphrase")

_AGE = re.compile(r"(\d+) (minute|hour|day)s?")
_PERIOD = {Cadence.HOURLY: timedelta(hours=1), Cadence.DAILY: timedelta(days=1), Cadence.WEEKLY: timedelta(weeks=1)}


class SyncMode(StrEnum):
    """How Airbyte reads a stream and writes its table, in Airbyte's own words."""

    FULL_REFRESH_OVERWRITE = "full_refresh_overwrite"
    FULL_REFRESH_APPEND = "full_refresh_append"
    INCREMENTAL_APPEND = "incremental_append"
    INCREMENTAL_DEDUPED_HISTORY = "incremental_deduped_history"

    @property
    def incremental(self) -> bool:
        return self in (SyncMode.INCREMENTAL_APPEND, SyncMode.INCREMENTAL_DEDUPED_HISTORY)


def _age(value: object) -> object:
    match = _AGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write an age such as `30 minutes`, `2 hours` or `1 day`")
    return timedelta(**{f"{match[2]}s": int(match[1])})


def _columns(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Age = Annotated[timedelta, BeforeValidator(_age)]
Columns = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_columns)]
Text = Annotated[str, Field(min_length=1)]


class _Declaration(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stream(_Declaration):
    """One table or endpoint of a source; it lands as RAW.<SOURCE>.<STREAM>."""

    sync_mode: SyncMode
    primary_key: Columns = ()
    cursor: Text | None = None

    @model_validator(mode="after")
    def _has_what_its_mode_needs(self) -> Self:
        if self.sync_mode is SyncMode.INCREMENTAL_DEDUPED_HISTORY and not self.primary_key:
            raise ValueError(
                f"{self.sync_mode} needs primary_key: name the column, or the list of columns, that identifies a row"
            )
        if self.sync_mode.incremental and self.cursor is None:
            raise ValueError(f"{self.sync_mode} needs cursor: name the column that grows whenever a row changes")
        return self


class Freshness(_Declaration):
    """How old the newest loaded data may be before somebody is told."""

    warn_after: Age
    error_after: Age

    @model_validator(mode="after")
    def _warns_before_it_fails(self) -> Self:
        if self.error_after <= self.warn_after:
            raise ValueError("error_after must be longer than warn_after")
        return self


class Connector(_Declaration):
    """An Airbyte connector and its settings.

    `definition` is Airbyte's connector type (`postgres`). `configuration` has the connector's own keys. `secrets` maps
    the dotted path of a key to the reference of the variable that holds it: `client_secret: ${PAYMENTS_API_KEY}`.
    """

    definition: Text
    configuration: Mapping[str, Any]
    secrets: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("configuration")
    @classmethod
    def _keeps_secrets_out(cls, configuration: Mapping[str, Any]) -> Mapping[str, Any]:
        for path in _paths(configuration):
            if any(word in path.rpartition(".")[2].lower() for word in SECRET_WORDS):
                raise ValueError(f"`{path}` looks like a secret: move it to `secrets` as `{path}: ${{VARIABLE}}`")
        for text in references.unreadable(configuration):
            raise ValueError(f"`{text}` is no reference: write ${{UPPER_CASE_NAME}} or ${{UPPER_CASE_NAME:-default}}")
        return configuration

    @field_validator("secrets")
    @classmethod
    def _names_secrets_only(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        for path, value in secrets.items():
            if not references.is_reference(value):
                raise ValueError(f"`{path}` must be the name of a variable, ${{UPPER_CASE_NAME}}, and never a value")
        return secrets

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables this connector reads."""
        return references.variables([self.configuration, self.secrets])


class Source(_Declaration):
    """One source of data. Its name is the file's name, the raw schema's and the staging folder's."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    description: Text
    owner: Text
    cadence: Cadence
    connector: Connector
    freshness: Freshness
    streams: Annotated[Mapping[str, Stream], Field(min_length=1)]

    @model_validator(mode="after")
    def _may_be_as_old_as_its_cadence(self) -> Self:
        if self.freshness.warn_after <= _PERIOD[self.cadence]:
            raise ValueError(f"freshness.warn_after must be longer than the time between two {self.cadence} syncs")
        return self


def _paths(configuration: Mapping[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key, value in configuration.items():
        found += _paths(value, f"{prefix}{key}.") if isinstance(value, Mapping) else [f"{prefix}{key}"]
    return found
