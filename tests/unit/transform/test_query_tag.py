"""The tag that says in Snowflake's history which try of which task sent a statement."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.settings import paths
from include.transform import query_tag as tags

RUN = "manual__2026-11-23T17:00:00+00:00"


def test_the_tag_names_dag_task_run_and_try() -> None:
    tag = tags.query_tag(dag="storefront_hourly", task="transform.dbt_build", run=RUN, try_number=2)
    assert json.loads(tag) == {
        "app": "airflow",
        "dag": "storefront_hourly",
        "task": "transform.dbt_build",
        "run": RUN,
        "try": 2,
    }


def test_a_task_gets_the_tag_of_its_own_try() -> None:
    ti = SimpleNamespace(dag_id="storefront_hourly", task_id="transform.fct_orders", run_id=RUN, try_number=3)
    tag = json.loads(tags.of_task({"ti": ti}))  # type: ignore[arg-type, typeddict-item]
    assert (tag["task"], tag["try"]) == ("transform.fct_orders", 3)


@given(*[st.text(max_size=5000)] * 3)
def test_a_tag_is_json_that_snowflake_takes_however_long_the_names_are(dag: str, task: str, run: str) -> None:
    tag = tags.query_tag(dag=dag, task=task, run=run, try_number=1)
    assert len(tag) <= tags.LONGEST
    found = json.loads(tag)
    assert found["app"] == "airflow"
    assert dag.startswith(found["dag"])
    assert run.startswith(found["run"])


def test_only_the_longest_name_is_cut() -> None:
    tag = json.loads(tags.query_tag(dag="short", task="t" * 3000, run=RUN, try_number=1))
    assert (tag["dag"], tag["run"]) == ("short", RUN)
    assert 500 < len(tag["task"]) < 2000


@pytest.mark.parametrize("given_env", [None, {"PATH": "/bin"}])
def test_cosmos_own_operators_keep_their_environment(given_env: dict[str, str] | None) -> None:
    ti = SimpleNamespace(dag_id="d", task_id="t", run_id=RUN, try_number=1)
    operator = SimpleNamespace(env=given_env)
    tags.tag_cosmos({"ti": ti}, operator)  # type: ignore[arg-type, typeddict-item]
    assert json.loads(operator.env.pop(tags.VARIABLE))["dag"] == "d"
    assert operator.env == (given_env or {})


def test_nothing_in_the_dbt_project_takes_the_runs_tag_away() -> None:
    # A model's own `query_tag` replaces that of the session while the model is built.
    project = paths.ROOT / "dbt"
    files = [path for suffix in ("sql", "yml") for path in project.glob(f"**/*.{suffix}")]
    ours = [path for path in files if not {"target", "manifest", "dbt_packages"} & set(path.parts)]
    naming = [path.relative_to(project).as_posix() for path in ours if "query_tag" in path.read_text()]
    assert naming == ["profiles.yml"]
    assert tags.VARIABLE in (project / "profiles.yml").read_text()
