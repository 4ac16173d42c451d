"""Airflow's SnowflakeHook, unmodified, with the connection fields it takes to reach a server of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from airflow.models.connection import Connection
from airflow.providers.snowflake.hooks.snowflake import SnowflakeHook
from airflow.sdk.bases.hook import BaseHook

from tests.contracts.warehouse.connections import connect, rows, trust
from tests.standins import Standin


@pytest.fixture
def hook(server: Standin, schema: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SnowflakeHook]:
    trust(server)
    extra = {
        "account": "local",
        "host": "127.0.0.1",
        "port": server.port,
        "database": "CONTRACTS",
        "role": "SYSADMIN",
        "warehouse": "COMPUTE_WH",
        "session_parameters": {"QUERY_TAG": '{"dag": "contract"}'},
    }
    connection = Connection(
        conn_id="snowflake_default",
        conn_type="snowflake",
        login="tester",
        password="any",
        schema=schema,
        extra=json.dumps(extra),
    )
    monkeypatch.setattr(BaseHook, "get_connection", classmethod(lambda cls, conn_id: connection))
    return SnowflakeHook("snowflake_default")


def test_the_hook_runs_and_fetches(hook: SnowflakeHook) -> None:
    assert hook.get_first("select current_role(), current_warehouse()") == ("SYSADMIN", "COMPUTE_WH")
    tag = hook.get_records("show parameters like 'query_tag' in session")
    assert tag[0][1] == '{"dag": "contract"}'


@pytest.mark.parametrize("split_statements", [True, False])
def test_several_statements_run_one_after_the_other(hook: SnowflakeHook, split_statements: bool) -> None:
    hook.run(
        "create table t (x int); insert into t values (1), (2); insert into t select x + 10 from t;",
        split_statements=split_statements,
        autocommit=True,
    )
    assert hook.get_records("select x from t order by x") == [(1,), (2,), (11,), (12,)]


def test_without_autocommit_the_hook_commits_at_the_end(hook: SnowflakeHook, server: Standin, schema: str) -> None:
    hook.run("create table t (x int)")
    hook.run(["insert into t values (1)", "insert into t values (2)"])
    with connect(server) as other:
        assert rows(other, f"select x from CONTRACTS.{schema}.T order by x") == [(1,), (2,)]


def test_parameters_are_bound(hook: SnowflakeHook) -> None:
    hook.run("create table t (x int, s varchar)")
    hook.run("insert into t values (%(x)s, %(s)s)", parameters={"x": 1, "s": "it's"})
    assert hook.get_records("select s from t where x = %s", parameters=(1,)) == [("it's",)]
