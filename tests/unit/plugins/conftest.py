"""Airflow's real API with this repository's plugins in it, asked as three kinds of people, over answers made for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from include.metalayer.answer import Answer, Kept, Row, State
from include.metalayer.entry import Entry
from include.metalayer.history import Point
from include.metalayer.query import Query, load
from plugins.meta_layer_page import reading
from plugins.meta_layer_page.reading import Content
from plugins.meta_layer_page.shelf import Shelf

NOW = datetime.now(UTC).replace(microsecond=0)
FOLDER = Path(__file__).parent / "questions"
EVIL = '<script>alert("x")</script>'


def questions() -> dict[str, Query]:
    """Three questions of the test's own: the page must not know any by name."""
    return dict(load(FOLDER))


def rows(count: int) -> tuple[Row, ...]:
    """Tables of a schema; the first is named to do harm, the second like a formula."""
    names = [EVIL, "=HYPERLINK(1)", *(f"RAW.SHOP.TABLE_{number}" for number in range(count))][:count]
    return tuple(
        {"table_name": name, "bytes": 1_000_000 * number, "last_read": None, "unused": number < 2}
        for number, name in enumerate(names)
    )


def answered(query: str, content: tuple[Row, ...], *, hours: float = 0.25, kept: tuple[Kept, ...] = ()) -> Answer:
    at = NOW - timedelta(hours=hours)
    return Answer(
        query=query,
        state=State.ANSWERED,
        asked_at=at,
        data_until=at - timedelta(minutes=90),
        rows=content,
        variant=query,
        kept=kept,
    )


def silent(query: str, state: State, reason: str) -> Answer:
    return Answer(query=query, state=state, asked_at=NOW - timedelta(minutes=5), reason=reason, variant=query)


def content(**entries: Entry) -> Content:
    """What the page shows: these, and the questions that are left, never asked."""
    known = questions()
    return reading.content(NOW, {name: entries.get(name, Entry(query=query)) for name, query in known.items()})


def tables_entry(count: int = 3) -> Entry:
    """The question about tables, answered now and yesterday; the row that has come since is the last."""
    query = questions()["tables"]
    today = rows(count)
    kept = Kept(today[0], "Read once a year", "finance", (NOW + timedelta(days=30)).date())
    answer = answered("tables", today, kept=(kept,))
    return Entry(
        query=query,
        asked=answer,
        answer=answer,
        before=answered("tables", today[:-1], hours=24),
        course=[Point(NOW - timedelta(days=day), 10.0 - day) for day in (2, 1, 0)],
    )


@pytest.fixture(scope="session")
def airflow() -> FastAPI:
    from airflow import settings
    from airflow.api_fastapi.app import create_app
    from airflow.models.revoked_token import RevokedToken

    app = create_app(apps="core")
    # The one table that Airflow asks for at every login: which tokens are no longer good.
    RevokedToken.__table__.create(settings.engine, checkfirst=True)
    return app


@pytest.fixture
def show(airflow: FastAPI) -> Iterator[Callable[..., None]]:
    """Put what the page reads in the place of the warehouse."""
    (page,) = (route.app.application for route in airflow.routes if getattr(route, "path", "") == "/meta-layer")
    before = page.state.shelf

    def put(read: Callable[[], Content], clock: Callable[[], float] = time.monotonic) -> None:
        page.state.shelf = Shelf(read, clock=clock)

    yield put
    page.state.shelf = before


@pytest.fixture
def person(airflow: FastAPI) -> Callable[[str | None], TestClient]:
    """A browser: of somebody with this role, or of nobody."""

    def browser(role: str | None) -> TestClient:
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        client = TestClient(airflow, base_url="http://localhost", follow_redirects=False)
        if role is not None:
            user = SimpleAuthManagerUser(username=role.lower(), role=role)
            client.cookies.set("_token", get_auth_manager().generate_jwt(user))
        return client

    return browser
