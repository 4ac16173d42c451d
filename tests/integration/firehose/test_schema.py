"""The outbox's schema: applied once by whoever comes first, and the same in SQL as in Python."""

from __future__ import annotations

import sys
from subprocess import PIPE, Popen

import psycopg
import pytest
from sqlalchemy import inspect

from include.firehose import database, tables
from tests.integration.firehose.road import Road
from tests.standins import ROOT


@pytest.fixture
def dsn(road: Road) -> str:
    """An empty database."""
    with psycopg.connect(road.postgres.dsn("firehose"), autocommit=True) as connection:
        connection.execute("drop database if exists empty with (force)")
        connection.execute("create database empty")
    return road.postgres.dsn("empty").replace("postgresql://", "postgresql+psycopg://")


def test_several_processes_migrate_an_empty_database_once(road: Road, dsn: str):
    command = [sys.executable, "-m", "include.firehose", "migrate"]
    environment = road.environment(FIREHOSE_DSN=dsn)
    processes = [Popen(command, cwd=ROOT, env=environment, stdout=PIPE, stderr=PIPE, text=True) for _ in range(3)]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    assert sorted("applied" in out for out, _ in answers) == [False, False, True]


def test_the_tables_in_python_are_those_of_the_schema(dsn: str):
    outbox = database.engine(dsn)
    database.migrate(outbox)
    found = inspect(outbox)
    for table in tables.METADATA.sorted_tables:
        columns = {column["name"]: column["type"].compile(outbox.dialect) for column in found.get_columns(table.name)}
        assert columns == {column.name: column.type.compile(outbox.dialect) for column in table.columns}
    outbox.dispose()


def test_a_database_that_is_newer_than_the_code_is_left_alone(road: Road, dsn: str):
    outbox = database.engine(dsn)
    database.migrate(outbox)
    outbox.dispose()
    with psycopg.connect(dsn.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("insert into migration (name) values ('9999_from_the_future.sql')")
    answer = road.run("-m", "include.firehose", "migrate", env=road.environment(FIREHOSE_DSN=dsn))
    assert answer.returncode == 2
    assert "9999_from_the_future.sql" in answer.stderr
