"""Airflow's web UI in a real browser (Debian's Chromium), over a warehouse that holds some weeks of answers.

The stack is the one of `make up` without the pipelines: a scheduler is there, so that a question asked on the page is
really asked.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from local.stack import dotenv
from tests.integration.stack import Stack
from tests.standins import ROOT

PARTS = ("roles", "api-server", "dag-processor", "scheduler")
DAG_OF_ONE = "meta_layer_question"

_KEEP = """
from datetime import UTC, datetime
from include.metalayer import history, session
from include.metalayer.query import load
from tests.browser.samples import answers
with session.connect("samples") as connection:
    for query, answer in answers(load(), datetime.now(UTC).replace(microsecond=0)):
        history.keep(connection, query, answer)
"""
_TOKENS = """
import json, sys
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
manager = create_auth_manager()
print(json.dumps({role: manager.generate_jwt(SimpleAuthManagerUser(username=role.lower(), role=role))
                  for role in ("VIEWER", "USER")}))
"""


def run(stack: Stack, program: str) -> str:
    """Run a program in the stack's environment; what it printed last."""
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=stack.environment(), capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return result.stdout.strip().rpartition("\n")[2]


@pytest.fixture(scope="module")
def airflow() -> Iterator[Stack]:
    folder = os.environ.get("BACKBEAT_TEST_BROWSER_STACK")
    if folder:
        # A stack that an earlier session left running, to try one test again and again.
        yield Stack(Path(folder) / "state", dotenv.read(Path(folder) / "env"))
        return
    stack = Stack.prepare(META_CREDIT_PRICE="2.60", META_STORAGE_PRICE_PER_TB="23", META_CURRENCY="EUR")
    try:
        started = stack.command("start", *PARTS)
        assert started.returncode == 0, f"{started.stdout[-3000:]}\n{started.stderr[-3000:]}"
        run(stack, _KEEP)
        stack.api.ensure_pools()
        stack.api.wait_for_dags([DAG_OF_ONE])
        stack.api.unpause(DAG_OF_ONE)
        yield stack
    finally:
        stack.end()
        shutil.rmtree(stack.state.parent, ignore_errors=True)


@pytest.fixture(scope="module")
def tokens(airflow: Stack) -> dict[str, str]:
    """What the login gives to people of these roles."""
    return dict(json.loads(run(airflow, _TOKENS)))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    assert executable, "The browser tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def window(airflow: Stack, tokens: dict[str, str], chromium: Browser) -> Iterator[Callable[..., Page]]:
    """A new window of somebody with this role, or of nobody; options are those of a browser context."""
    contexts = []

    def opened(role: str | None = "VIEWER", **options: object) -> Page:
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "base_url": airflow.layout.airflow_url, **options}
        )
        contexts.append(context)
        if role:
            context.add_cookies([{"name": "_token", "value": tokens[role], "url": airflow.layout.airflow_url}])
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
