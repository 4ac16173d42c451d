"""Each statement of dbt ends with the node it belongs to: models, tests, unit tests, seeds, snapshots, and their hooks.

The project of the warehouse's contract tests has one of everything. It is built here with our own query comment and
the profile's tag, and what Snowflake's history then says is read back.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from include.transform import query_tag as tags
from tests.contracts.warehouse import test_dbt
from tests.contracts.warehouse.connections import connect, rows
from tests.standins import ROOT, Standin, start

TAG = tags.query_tag(dag="lab", task="transform.dbt_build", run="manual__2026-11-23T17:00:00+00:00", try_number=1)
COMMENT = re.compile(r"""/\*\s*({[^*]*?"app":\s*"dbt"[^*]*})\s*\*/\s*;?\s*$""")
# dbt looks around in schemas and makes them before it comes to a node; hooks of the whole run have none either.
OF_NO_NODE = re.compile(r"\s*(show |create schema |create table if not exists \S+hook_log)", re.IGNORECASE)
HISTORY = """
select query_tag, query_text from snowflake.account_usage.query_history
where user_name = 'TRANSFORMER' order by start_time
"""


def project_with_our_comment(folder: Path) -> Path:
    """The contract project with the query comment of dbt/ and a profile that takes its tag as ours does."""
    project = folder / "project"
    shutil.copytree(test_dbt.PROJECT, project)
    (project / "macros").mkdir()
    shutil.copy(ROOT / "dbt" / "macros" / "query_comment.sql", project / "macros")
    # A model's own tag would replace that of the session while it is built.
    model = project / "models" / "daily_sales.sql"
    model.write_text(model.read_text().replace("query_tag='daily-sales',", ""))
    ours = yaml.safe_load((ROOT / "dbt" / "dbt_project.yml").read_text())
    theirs = yaml.safe_load((project / "dbt_project.yml").read_text())
    theirs["query-comment"] = ours["query-comment"]
    (project / "dbt_project.yml").write_text(yaml.safe_dump(theirs))
    profile = yaml.safe_load((ROOT / "dbt" / "profiles.yml").read_text())["backbeat"]["outputs"]["snowflake"]
    profiles = yaml.safe_load((project / "profiles.yml").read_text())
    profiles["contract"]["outputs"]["local"]["query_tag"] = profile["query_tag"]
    (project / "profiles.yml").write_text(yaml.safe_dump(profiles))
    return project


@pytest.fixture(scope="module")
def server() -> Iterator[Standin]:
    standin = start("warehouse")
    yield standin
    standin.stop()


@pytest.fixture(scope="module")
def statements(server: Standin, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Every statement that dbt has sent in two builds, as (tag, text)."""
    project = project_with_our_comment(tmp_path_factory.mktemp("project"))
    with connect(server, role="ACCOUNTADMIN") as admin, pytest.MonkeyPatch.context() as patch:
        admin.execute_string(test_dbt.SOURCE)
        order = {"id": 1, "shop": 7, "amount": "10.10", "status": "placed", "days": 2, "minutes": 90}
        rows(admin, test_dbt.ORDER.format(**order))
        patch.setattr(test_dbt, "PROJECT", project)
        patch.setenv(tags.VARIABLE, TAG)
        dbt = test_dbt.Dbt(server, tmp_path_factory.mktemp("state"))
        dbt.build()
        dbt.build()
        # The history is written a moment later.
        time.sleep(2)
        return [(tag, text) for tag, text in rows(admin, HISTORY)]


def node_of(text: str) -> str | None:
    found = COMMENT.search(text)
    return json.loads(found[1]).get("node_id") if found else None


def test_every_session_of_dbt_carries_the_tag(statements: list[tuple[str, str]]) -> None:
    assert len(statements) > 150
    assert {tag for tag, _ in statements} == {TAG}


def test_every_statement_says_that_it_is_dbts_and_of_which_call(statements: list[tuple[str, str]]) -> None:
    comments = [COMMENT.search(text) for _, text in statements]
    assert [text for (_, text), found in zip(statements, comments, strict=True) if found is None] == []
    said = [json.loads(found[1]) for found in comments if found]
    assert {one["target_name"] for one in said} == {"local"}
    assert len({one["invocation_id"] for one in said}) == 2


def test_only_what_belongs_to_no_node_names_none(statements: list[tuple[str, str]]) -> None:
    nameless = [text for _, text in statements if node_of(text) is None]
    assert nameless
    assert [text for text in nameless if not OF_NO_NODE.match(text)] == []


@pytest.mark.parametrize("kind", ["model", "test", "unit_test", "seed", "snapshot"])
def test_each_kind_of_node_is_named(statements: list[tuple[str, str]], kind: str) -> None:
    assert [node for _, text in statements if (node := node_of(text)) and node.startswith(f"{kind}.contract.")]


def test_a_hook_of_a_model_names_the_model(statements: list[tuple[str, str]]) -> None:
    hooks = [
        node_of(text)
        for _, text in statements
        if text.lower().lstrip().startswith("insert into analytics.contract.hook_log")
    ]
    assert hooks == ["model.contract.daily_sales"] * 2
