"""What the doctor makes of Snowflake's refusals, and how it says it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from snowflake.connector.errors import DatabaseError, ProgrammingError

from include.metalayer import query
from include.metalayer.doctor import __main__ as doctor
from include.metalayer.doctor.finding import Finding, Problem, first_line
from include.metalayer.doctor.questions import diagnosis
from include.metalayer.query import Query

HEADER = """/*
title: Unused tables
question: Which tables has nobody read?
why: They cost.
owner: data
group: use
views: [ACCOUNT_USAGE.ACCESS_HISTORY, ACCOUNT_USAGE.TABLES]
database_roles: [GOVERNANCE_VIEWER, OBJECT_VIEWER]
edition: EDITION
latency_minutes: 180
rhythm: weekly
columns: [{name: table_name, title: Table, unit: name}]
key: table_name
headline: {of: count, unit: count, words: tables}
*/
select table_name from snowflake.account_usage.tables
"""
MISSING = "SQL compilation error:\nObject 'SNOWFLAKE.ACCOUNT_USAGE.ACCESS_HISTORY' does not exist or not authorized."
ALL = frozenset({"GOVERNANCE_VIEWER", "OBJECT_VIEWER"})


@pytest.fixture(params=["enterprise"])
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Query:
    path = tmp_path / "unused_tables.sql"
    path.write_text(HEADER.replace("EDITION", request.param))
    return query.read(path)


def refused(number: int, message: str, sqlstate: str = "42000") -> ProgrammingError:
    return ProgrammingError(msg=message, errno=number, sqlstate=sqlstate, sfqid="01b")


def test_a_missing_grant_comes_with_the_statement_that_gives_it(asked: Query) -> None:
    found = diagnosis(refused(2003, MISSING, "02000"), asked, "WATCHER", frozenset({"OBJECT_VIEWER"}))
    assert (found.problem, found.blocks) == (Problem.GRANT, True)
    assert found.words == "WATCHER lacks SNOWFLAKE.GOVERNANCE_VIEWER."
    assert found.mend == "grant database role SNOWFLAKE.GOVERNANCE_VIEWER to role WATCHER;"


def test_every_missing_grant_is_named(asked: Query) -> None:
    found = diagnosis(refused(2003, MISSING, "02000"), asked, "WATCHER", frozenset({"USAGE_VIEWER"}))
    assert found.mend.count("grant database role") == 2


def test_a_role_that_has_nothing_is_told_so_even_when_any_grant_would_do(asked: Query) -> None:
    error = refused(2003, "SQL compilation error:\nDatabase 'SNOWFLAKE' does not exist or not authorized.", "02000")
    now = asked.model_copy(update={"database_roles": ()})
    assert diagnosis(error, now, "WATCHER", frozenset()).mend.startswith("grant database role SNOWFLAKE.")


def test_a_view_that_is_not_there_for_a_role_that_has_every_grant_is_a_matter_of_the_edition(asked: Query) -> None:
    assert diagnosis(refused(2003, MISSING, "02000"), asked, "META_READER", ALL).problem is Problem.EDITION


@pytest.mark.parametrize("asked", ["standard"], indirect=True)
def test_a_view_that_is_not_there_on_every_edition_is_no_missing_grant(asked: Query) -> None:
    found = diagnosis(refused(2003, MISSING, "02000"), asked, "META_READER", ALL)
    assert found.problem is Problem.COLUMN
    assert "ACCESS_HISTORY" in found.words


def test_a_column_that_is_not_there_names_it_and_the_file(asked: Query) -> None:
    error = refused(904, "SQL compilation error: error line 1 at position 7\ninvalid identifier 'TABLE_NAME'")
    found = diagnosis(error, asked, "META_READER", ALL)
    assert found.problem is Problem.COLUMN
    assert "TABLE_NAME" in found.words
    assert "unused_tables.sql" in found.mend


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (606, "No active warehouse selected in the current session."),
        (90073, "Warehouse 'META_WH' cannot be resumed because resource monitor 'META' has exceeded its quota."),
    ],
)
def test_a_warehouse_that_is_missing_or_used_up_is_told_from_a_grant(asked: Query, number: int, message: str) -> None:
    assert diagnosis(refused(number, message), asked, "META_READER", ALL).problem is Problem.WAREHOUSE


def test_anything_else_is_given_in_snowflakes_own_words(asked: Query) -> None:
    found = diagnosis(refused(1234, "Something of Tuesday"), asked, "META_READER", ALL)
    assert (found.problem, found.blocks) == (Problem.OTHER, True)
    assert "Something of Tuesday" in found.words


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (refused(2003, MISSING, "02000"), MISSING.splitlines()[1]),
        (
            DatabaseError(msg="250001: Could not connect to the backend.", errno=250001),
            "Could not connect to the backend.",
        ),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_is_one_line(error: Exception, line: str) -> None:
    assert first_line(error) == line


GOOD = Finding(subject="running_now")
BAD = Finding(subject="failures", problem=Problem.GRANT, blocks=True, words="R lacks X.", mend="grant x;")
LATER = Finding(subject="unused_tables", problem=Problem.STANDARD, words="It is asked another way.")
NEVER = Finding(subject="dead_columns", problem=Problem.EDITION, words="Nothing can answer it.")


def report(*questions: Finding) -> doctor.Report:
    return doctor.Report(who="user META, role META_READER, warehouse META_WH", account=[GOOD], questions=questions)


def test_nothing_to_mend_is_healthy_though_the_edition_leaves_a_question_open() -> None:
    healthy = report(GOOD, LATER, NEVER)
    assert healthy.healthy
    assert healthy.summary == (
        "2 of 3 questions can be answered, 1 of them the Standard way; 1 would need Enterprise edition. "
        "Nothing is in the way."
    )


def test_one_grant_to_mend_is_not_healthy_and_the_text_says_which() -> None:
    sick = report(GOOD, BAD)
    assert not sick.healthy
    lines = doctor.text(sick).splitlines()
    assert lines[-1] == "1 of 2 questions can be answered. To mend: 1."
    (wrong,) = [number for number, line in enumerate(lines) if line.startswith("WRONG")]
    assert "failures" in lines[wrong]
    assert lines[wrong + 1].strip() == "-> grant x;"


def test_a_problem_of_the_account_alone_is_not_healthy_either() -> None:
    assert not replace(report(GOOD), account=[BAD]).healthy


def test_json_says_the_same() -> None:
    content = json.loads(doctor.as_json(report(GOOD, BAD)))
    assert (content["healthy"], content["questions"][1]["mend"]) == (False, "grant x;")
    assert content["summary"] == report(GOOD, BAD).summary


def test_a_connection_that_nobody_defined_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_NOT_THERE", raising=False)
    assert doctor.main(["--connection", "not_there"]) == 1
    output = capsys.readouterr().out
    assert "Airflow knows no connection not_there." in output
    assert "Set AIRFLOW_CONN_NOT_THERE" in output
    assert output.splitlines()[-1] == "No question can be answered."
