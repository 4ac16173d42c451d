"""A small application database, and the warehouse it is loaded into, as a test sees both."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field
from typing import Any

import psycopg
import snowflake.connector

from tests.standins import POSTGRES_PASSWORD, Standin

CURSOR = {"syncMode": "incremental_deduped_history", "cursorField": ["updated_at"]}


@dataclass
class Database:
    """A new database of the server, with nothing in it."""

    postgres: Standin
    name: str = field(default_factory=lambda: f"shop_{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        with psycopg.connect(self.postgres.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {self.name}")

    @property
    def configuration(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.postgres.port,
            "database": self.name,
            "schemas": ["public"],
            "username": "postgres",
            "password": POSTGRES_PASSWORD,
            "ssl_mode": {"mode": "disable"},
            "replication_method": {"method": "Standard"},
        }

    @property
    def dsn(self) -> str:
        return self.postgres.dsn(self.name)

    def run(self, statement: str) -> None:
        with psycopg.connect(self.dsn) as connection:
            connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query).fetchall()


@dataclass
class Warehouse:
    """The warehouse and its database RAW."""

    standin: Standin

    @property
    def configuration(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.standin.port,
            "role": "LOADER",
            "warehouse": "LOADING_WH",
            "database": "RAW",
            "schema": "PUBLIC",
            "username": "airbyte",
            "credentials": {"auth_type": "Username and Password", "password": "warehouse-password-0000"},
        }

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        # The connector trusts what the environment names at the moment it connects.
        os.environ["REQUESTS_CA_BUNDLE"] = str(self.standin.ca_bundle)
        with snowflake.connector.connect(
            user="test", password="test", account="local", host="127.0.0.1", port=self.standin.port
        ) as connection:
            return list(connection.cursor().execute(query).fetchall())  # type: ignore[union-attr]

    def prepare(self) -> None:
        for statement in (
            "create database if not exists RAW",
            "create role if not exists LOADER",
            "create warehouse if not exists LOADING_WH",
        ):
            self.rows(statement)


ORDERS = """
create table orders (
    order_id bigint primary key,
    shop text,
    total numeric(12, 2),
    quantity numeric,
    paid boolean,
    placed_on date,
    note jsonb,
    tags text[],
    updated_at timestamptz
);
create index on orders (updated_at);
"""


def insert_orders(first: int, last: int, at: str = "2026-11-01T00:00:00Z") -> str:
    """SQL for orders with ids from first to last, one a second from `at` on."""
    return f"""
    insert into orders
    select id, 'shop ' || id % 7, id + 0.37, id / 1000.0, id % 2 = 0, '2026-11-01', '{{"a": 1}}', '{{x,y}}',
        '{at}'::timestamptz + (id - {first}) * interval '1 second'
    from generate_series({first}, {last}) id
    """
