"""The doctor on an account that deploy/snowflake has made: what is well, what is missing, and that its cure cures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from include.metalayer import query
from local.stack.warehouse import run_bootstrap
from tests.contracts.warehouse.connections import connect, listed, rows
from tests.standins import ROOT, Standin, free_port, start

QUESTIONS = {question.name: question for question in query.questions(query.load())}
LOGIN = {"login": "META", "role": "META_READER", "warehouse": "META_WH", "database": "META"}


@pytest.fixture(scope="module", params=["enterprise", pytest.param("standard", marks=pytest.mark.slow)])
def account(request: pytest.FixtureRequest) -> Iterator[Standin]:
    """A fresh account of each edition, which lets nobody read Snowflake's own views without a grant."""
    server = start("warehouse", "--enforce-snowflake-grants", "--edition", request.param)
    with connect(server, role="ACCOUNTADMIN") as admin:
        run_bootstrap(admin)
        # Somebody has read something: without it a young Enterprise account looks like a Standard one.
        rows(admin, "create table RAW.PUBLIC.THINGS as select 1 as id")
        rows(admin, "select id from RAW.PUBLIC.THINGS")
    yield server
    server.stop()


@pytest.fixture
def edition(account: Standin) -> str:
    return account.arguments[-1]


def doctor(port: int, server: Standin, **login: str) -> tuple[int, dict[str, Any]]:
    """The command's exit code and what it found, with an Airflow that has no database."""
    who = {**LOGIN, **login}
    connection = {
        "conn_type": "snowflake",
        "login": who.pop("login"),
        "password": "no-password-needed",
        "extra": {"account": "local", "host": "127.0.0.1", "port": port, **{k: v for k, v in who.items() if v}},
    }
    environment = {
        **os.environ,
        "REQUESTS_CA_BUNDLE": str(server.ca_bundle),
        "AIRFLOW_CONN_SNOWFLAKE_META": json.dumps(connection),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://nobody@127.0.0.1:1/nothing",
    }
    command = [sys.executable, "-m", "include.metalayer.doctor", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    return done.returncode, json.loads(done.stdout)


def problems(report: dict[str, Any]) -> dict[str, str]:
    findings = [*report["account"], *report["questions"]]
    return {finding["subject"]: finding["problem"] for finding in findings if finding["blocks"]}


def test_nothing_is_in_the_way_after_the_bootstrap(account: Standin, edition: str) -> None:
    code, report = doctor(account.port, account)
    assert (code, problems(report)) == (0, {})
    assert [finding["subject"] for finding in report["questions"]] == [*QUESTIONS]
    assert {finding["subject"]: finding["problem"] for finding in report["account"]} == dict.fromkeys(
        ("warehouse", "time zone", "answers", "user", "running now"), "ok"
    )
    others = {finding["problem"] for finding in report["questions"]} - {"ok"}
    assert others == ({"Standard edition"} if edition == "standard" else set())


def test_what_the_doctor_prints_for_a_missing_grant_mends_it(account: Standin) -> None:
    with connect(account, role="ACCOUNTADMIN") as admin:
        rows(admin, "revoke database role SNOWFLAKE.GOVERNANCE_VIEWER from role META_READER")
        code, report = doctor(account.port, account)
        assert code == 1
        assert problems(report)["failures"] == "missing grant"
        assert "inventory" not in problems(report)
        cures = {finding["mend"] for finding in report["questions"] if finding["blocks"]}
        assert cures == {"grant database role SNOWFLAKE.GOVERNANCE_VIEWER to role META_READER;"}
        for cure in cures:
            rows(admin, cure)
        assert doctor(account.port, account)[0] == 0


def test_a_role_with_no_part_in_it_is_told_everything_it_lacks(account: Standin) -> None:
    code, report = doctor(account.port, account, role="REPORTER", warehouse="REPORTING_WH")
    assert code == 1
    found = problems(report)
    in_need = [name for name, question in QUESTIONS.items() if question.database_roles]
    assert len(in_need) > 15
    assert [name for name in in_need if found.get(name) != "missing grant"] == []
    mends = {finding["subject"]: finding["mend"] for finding in report["questions"]}
    assert all("to role REPORTER;" in mends[name] for name in in_need)


def test_a_missing_place_for_the_answers_is_made_again_by_the_bootstrap(account: Standin) -> None:
    with connect(account, role="ACCOUNTADMIN") as admin:
        rows(admin, "drop schema META.LAYER")
        code, report = doctor(account.port, account)
        assert (code, problems(report)) == (1, {"answers": "missing grant"})
        run_bootstrap(admin)
        assert doctor(account.port, account)[0] == 0


def test_a_connection_without_a_warehouse_is_told_so(account: Standin) -> None:
    code, report = doctor(account.port, account, login="SOMEBODY", warehouse="")
    assert (code, problems(report)["warehouse"]) == (1, "warehouse")


def test_what_costs_money_or_hides_others_is_a_note_with_its_cure(account: Standin) -> None:
    with connect(account, role="ACCOUNTADMIN") as admin:
        rows(admin, "alter warehouse META_WH set auto_suspend = 600")
        rows(admin, "alter user META set type = person")
        code, report = doctor(account.port, account)
        notes = {finding["subject"]: finding["mend"] for finding in report["account"] if finding["problem"] != "ok"}
        assert code == 0
        assert notes == {
            "warehouse": "alter warehouse META_WH set auto_suspend = 60;",
            "user": "alter user META set type = service;",
        }
        for cure in notes.values():
            rows(admin, cure)
        assert listed(admin, "show warehouses like 'META_WH'")[0]["auto_suspend"] == "60"


def test_a_warehouse_that_nobody_granted_to_watch_is_named(account: Standin) -> None:
    with connect(account, role="ACCOUNTADMIN", warehouse="COMPUTE_WH") as admin:
        rows(admin, "create or replace table RAW.PUBLIC.THINGS as select 2 as id")
        code, report = doctor(account.port, account)
        mends = [finding["mend"] for finding in report["account"] if finding["subject"] == "running now"]
        assert (code, mends) == (0, ["grant monitor on warehouse COMPUTE_WH to role META_READER;"])
        rows(admin, mends[0])
        assert [f["problem"] for f in doctor(account.port, account)[1]["account"] if f["subject"] == "running now"] == [
            "ok"
        ]


def test_an_account_out_of_reach_is_one_sentence(account: Standin) -> None:
    code, report = doctor(free_port(), account)
    assert (code, problems(report)) == (1, {"connection": "cannot connect"})
    assert report["summary"] == "No question can be answered."
