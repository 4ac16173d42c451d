"""Edition, latency and grants: what an account cannot answer is said with its reason, and mended by what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from include.metalayer.answer import State
from include.metalayer.query import load
from local.stack.warehouse import run_bootstrap
from tests.integration.metalayer.conftest import Plant, asked, connect, connection_of
from tests.standins import Standin, start

QUERIES = load()


@contextmanager
def account(monkeypatch: pytest.MonkeyPatch, *flags: str) -> Iterator[Standin]:
    """A new account with these limits, set up by deploy/snowflake, and Airflow's connection to it."""
    server = start("warehouse", *flags)
    try:
        for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(variable, str(server.ca_bundle))
        monkeypatch.setenv("AIRFLOW_CONN_SNOWFLAKE_META", connection_of(server.port))
        with connect(server) as connection:
            run_bootstrap(connection)
        yield server
    finally:
        server.stop()


def test_on_standard_edition_a_question_takes_its_other_road(monkeypatch: pytest.MonkeyPatch, plant: Plant):
    with account(monkeypatch, "--edition", "standard") as server:
        with connect(server, "SYSADMIN") as connection:
            connection.execute_string("create table RAW.PUBLIC.NOBODY_READS_IT as select 1 as n")
        answer = asked("unused_tables", QUERIES)
        assert answer.state is State.ANSWERED, answer.reason
        assert (answer.query, answer.variant) == ("unused_tables", "unused_tables.standard")
        assert "RAW.PUBLIC.NOBODY_READS_IT" in [row["table_name"] for row in answer.rows]
        without = asked("without_a_road", plant("without_a_road", edition="enterprise"))
        assert without.state is State.CANNOT_KNOW
        assert without.reason.startswith("This needs Snowflake's Enterprise edition")


def test_in_an_account_of_today_an_empty_answer_is_none(monkeypatch: pytest.MonkeyPatch):
    """Nothing failed, nobody read: or it is not written down yet."""
    with account(monkeypatch, "--latency", "documented"):
        for name in ("failures", "unused_tables"):
            answer = asked(name, QUERIES)
            assert answer.state is State.CANNOT_KNOW, name
            assert answer.reason.endswith("Ask again then.")
        assert asked("running_now", QUERIES).state is State.ANSWERED


@pytest.mark.parametrize(
    ("name", "role"),
    [("storage", "USAGE_VIEWER"), ("failures", "GOVERNANCE_VIEWER"), ("unused_tables", "GOVERNANCE_VIEWER")],
)
def test_a_missing_grant_is_mended_by_the_statement_that_the_answer_names(
    monkeypatch: pytest.MonkeyPatch, name: str, role: str
):
    with account(monkeypatch, "--enforce-snowflake-grants") as server:
        assert asked(name, QUERIES).state is State.ANSWERED
        with connect(server) as connection:
            connection.execute_string(f"revoke database role SNOWFLAKE.{role} from role META_READER")
            refused = asked(name, QUERIES)
            assert refused.state is State.CANNOT_KNOW
            (statements,) = re.findall(r"`(.*?)`", refused.reason)
            connection.execute_string(statements)
        assert asked(name, QUERIES).state is State.ANSWERED
