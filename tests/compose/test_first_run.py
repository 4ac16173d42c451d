"""From a clean checkout to green pipelines in containers; who may see what; nothing that is secret lies open."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from local.stack import dotenv
from tests.compose.conftest import Containers
from tests.integration.stack import HOURLY, MARTS, wait_for
from tests.integration.test_channel import messages

PEOPLE = {
    "admin": "AIRFLOW_ADMIN_PASSWORD",
    "operator": "AIRFLOW_OPERATOR_PASSWORD",
    "viewer": "AIRFLOW_VIEWER_PASSWORD",
}


def login(stack: Containers, name: str) -> httpx.Client:
    """A client with the person's token."""
    credentials = {"username": name, "password": stack.values[PEOPLE[name]]}
    answer = httpx.post(f"{stack.layout.airflow_url}/auth/token", json=credentials, timeout=60)
    assert answer.status_code == 201, answer.text
    token = answer.json()["access_token"]
    return httpx.Client(
        base_url=stack.layout.airflow_url,
        headers={"Authorization": f"Bearer {token}"},
        cookies={"_token": token},
        timeout=60,
    )


def test_all_containers_are_well_and_run_as_nobody_in_particular(stack: Containers) -> None:
    assert stack.containers().keys() >= {"scheduler", "firehose", "warehouse", "airbyte", "postgres"}
    wait_for(lambda: stack.unwell() == [], "healthy containers", seconds=120)
    for service, container in stack.containers().items():
        if service != "postgres":
            user = stack.engine("exec", container, "id", "--user").strip()
            assert user == stack.values["BACKBEAT_UID"] != "0", service


def test_the_summary_is_that_of_make_up_without_a_password(stack: Containers) -> None:
    printed: str = stack.first_output  # type: ignore[attr-defined]
    assert "business_marts: success" in printed
    assert "marts.fct_order_lines" in printed
    assert stack.layout.airflow_url in printed
    assert stack.values["AIRFLOW_ADMIN_PASSWORD"] not in printed


def test_the_marts_hold_what_was_sold(stack: Containers) -> None:
    stack.clock(freeze=True)
    stack.run_everything()
    expected = {row["day"]: (int(row["orders"]), Decimal(row["sales"])) for row in stack.expected("day")}
    found = {
        day.isoformat(): (int(orders), Decimal(str(sales)))
        for day, orders, sales in stack.query(
            "select date_day, orders, sales from ANALYTICS.MARTS.FCT_BUSINESS_DAYS where orders > 0"
        )
    }
    assert expected
    assert found == expected


def test_the_channel_has_told_of_every_pipeline(stack: Containers) -> None:
    told = messages(stack)
    for dag_id in (*HOURLY, MARTS):
        assert any(dag_id in text and "●" in text for text in told), f"{dag_id} is not in {told}"


def test_nobody_sees_a_page_without_a_login(stack: Containers) -> None:
    for path in ("/api/v2/dags", "/meta-layer/"):
        answer = httpx.get(f"{stack.layout.airflow_url}{path}", timeout=60)
        assert answer.status_code in (302, 303, 307, 401), path


@pytest.mark.parametrize(("name", "status"), [("viewer", 403), ("operator", 200), ("admin", 200)])
def test_a_viewer_sees_and_an_operator_starts(stack: Containers, name: str, status: int) -> None:
    with login(stack, name) as client:
        assert client.get("/meta-layer/").status_code == 200
        assert client.get("/api/v2/dags").json()["total_entries"] >= len(HOURLY)
        started = client.post("/api/v2/dags/payments_hourly/dagRuns", json={"logical_date": None})
    assert started.status_code == status, started.text


def test_a_viewer_may_not_read_connections(stack: Containers) -> None:
    with login(stack, "viewer") as client:
        assert client.get("/api/v2/connections").status_code == 403


def secrets(stack: Containers) -> dict[str, str]:
    empty = {key for key, value in dotenv.read(dotenv.EXAMPLE).items() if not value} - {"BACKBEAT_UID"}
    return {key: stack.values[key] for key in empty}


def found_in(text: bytes, wanted: dict[str, str]) -> list[str]:
    return [name for name, value in wanted.items() if value.encode() in text]


def test_no_secret_is_in_a_containers_configuration_or_log(stack: Containers) -> None:
    wanted = secrets(stack)
    names = stack.engine("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={stack.project}")
    for container in names.split():
        inspected = stack.engine("inspect", container)
        assert found_in(inspected.encode(), wanted) == [], json.loads(inspected)[0]["Name"]
        logged = subprocess.run(
            [stack.engine.program, "logs", container], env=stack.engine.variables, capture_output=True, timeout=120
        )
        assert found_in(logged.stdout + logged.stderr, wanted) == [], json.loads(inspected)[0]["Name"]


def layers(stack: Containers, image: str, folder: Path) -> Iterator[bytes]:
    """The content of every file of every layer that is ours: those of the base are not."""
    archive = folder / "image.tar"
    stack.engine("save", "--output", str(archive), image)
    with tarfile.open(archive) as image_file:
        for member in image_file:
            if not member.name.endswith("layer.tar"):
                continue
            layer = image_file.extractfile(member)
            assert layer is not None
            with tarfile.open(fileobj=layer, mode="r|") as files:
                for entry in files:
                    content = files.extractfile(entry) if entry.isfile() and entry.size < 4_000_000 else None
                    if content is not None:
                        yield content.read()


def test_no_secret_and_no_file_of_development_is_in_a_layer(stack: Containers, tmp_path: Path) -> None:
    wanted = secrets(stack)
    assert all(found_in(content, wanted) == [] for content in layers(stack, "backbeat:test", tmp_path))
    listed = stack.engine("run", "--rm", "--entrypoint", "ls", "backbeat:test", "/opt/airflow").split()
    assert set(listed) == {
        *(
            "config",
            "constraints.txt",
            "dags",
            "dbt",
            "deploy",
            "include",
            "logs",
            "plugins",
            "requirements.txt",
            "state",
        )
    }


def test_the_image_says_which_commit_it_is(stack: Containers) -> None:
    label = stack.engine(
        *("inspect", "--format", '{{index .Config.Labels "org.opencontainers.image.revision"}}', "backbeat:test")
    )
    assert label.strip() == "0123456789abcdef"
