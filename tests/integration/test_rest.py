"""The README's REST examples, pasted as they are, and what a mistake is answered with."""

from __future__ import annotations

import json
import re
import subprocess

import httpx
import pytest

from tests.integration.stack import Stack
from tests.standins import ROOT

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def client(stack: Stack) -> httpx.Client:
    url = stack.layout.airflow_url
    credentials = {"username": "admin", "password": stack.values["AIRFLOW_ADMIN_PASSWORD"]}
    token = httpx.post(f"{url}/auth/token", json=credentials, timeout=30).json()["access_token"]
    return httpx.Client(base_url=f"{url}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=30)


def test_the_examples_of_the_readme_work_verbatim(stack: Stack) -> None:
    text = (ROOT / "README.md").read_text()
    (script,) = re.findall(r"## Run a pipeline over REST.*?```bash\n(.*?)```", text, re.DOTALL)
    # The examples read ./.env, as a person has it; this stack's is elsewhere.
    folder = stack.env_file.parent
    (folder / ".env").write_bytes(stack.env_file.read_bytes())
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stdout + result.stderr
    last = json.loads(result.stdout[result.stdout.rindex('{"dag_run_id"') :])
    assert (last["dag_id"], last["state"]) == ("payments_hourly", "success")
    assert last["conf"] == {"full_refresh": False, "select": "fct_payments"}


def test_a_wrong_password_gets_no_token(stack: Stack) -> None:
    answer = httpx.post(
        f"{stack.layout.airflow_url}/auth/token", json={"username": "admin", "password": "x"}, timeout=30
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    # Airflow 3.3 takes a token that it cannot read for somebody who may not, no token for somebody unknown.
    [({}, 401), ({"Authorization": "Bearer wrong"}, 403)],
)
def test_without_a_valid_token_nothing_is_started(stack: Stack, headers: dict[str, str], status: int) -> None:
    url = f"{stack.layout.airflow_url}/api/v2/dags/payments_hourly/dagRuns"
    answer = httpx.post(url, json={"logical_date": None}, headers=headers, timeout=30)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_an_unknown_dag_is_answered_with_404_that_names_it(client: httpx.Client) -> None:
    answer = client.post("/dags/no_such_dag/dagRuns", json={"logical_date": None})
    assert answer.status_code == 404
    assert "no_such_dag" in answer.text


@pytest.mark.parametrize(
    ("conf", "named"),
    [
        ({"full_refresh": "yes"}, "full_refresh"),
        ({"select": "--vars {}"}, "select"),
        ({"select": "a; rm -rf /"}, "select"),
        ({"select": 7}, "select"),
    ],
)
def test_a_bad_parameter_is_refused_with_the_parameter_named(
    client: httpx.Client, conf: dict[str, object], named: str
) -> None:
    answer = client.post("/dags/payments_hourly/dagRuns", json={"logical_date": None, "conf": conf})
    assert 400 <= answer.status_code < 500
    assert named in answer.text


def test_a_body_without_logical_date_is_refused_with_the_field_named(client: httpx.Client) -> None:
    answer = client.post("/dags/payments_hourly/dagRuns", json={})
    assert answer.status_code == 422
    assert "logical_date" in answer.text
