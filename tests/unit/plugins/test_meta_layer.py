"""The meta layer's page inside Airflow's real API: who sees it, what it says, and what it does not let through."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from include.metalayer.answer import State
from include.metalayer.entry import Entry
from plugins.meta_layer_page.reading import Content
from tests.unit.plugins.conftest import EVIL, answered, content, questions, rows, silent, tables_entry

Show = Callable[..., None]
Person = Callable[[str | None], TestClient]

PATHS = ["/meta-layer/", "/meta-layer/questions/tables", "/meta-layer/questions/tables.csv"]
SAME = {"sec-fetch-site": "same-origin"}


class Page(HTMLParser):
    """The tags of a page, with their attributes, and its visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(client: TestClient, path: str) -> Page:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


@pytest.fixture
def shown(show: Show) -> None:
    show(lambda: content(tables=tables_entry()))


# --- Who sees it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_who_is_logged_out_is_sent_to_the_login_and_sees_no_word_of_an_answer(
    shown: None, person: Person, path: str
) -> None:
    answer = person(None).get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/api/v2/auth/login?next=%2Fmeta-layer%2F")
    assert answer.text == ""


def test_the_login_leads_back_to_the_page_that_was_asked_for(shown: None, person: Person) -> None:
    client = person(None)
    login = client.get(client.get("/meta-layer/questions/tables?sort=-bytes").headers["location"])
    assert login.status_code == 307
    assert "next=%2Fmeta-layer%2Fquestions%2Ftables%3Fsort%3D-bytes" in login.headers["location"]


def test_in_airflows_frame_no_login_page_is_put_inside_the_page(shown: None, person: Person) -> None:
    answer = person(None).get("/meta-layer/", headers={"sec-fetch-dest": "iframe"})
    assert answer.status_code == 401
    assert "Load the whole page again" in answer.text
    assert "SHOP" not in answer.text


def test_a_forged_login_sees_nothing(shown: None, person: Person) -> None:
    client = person(None)
    client.cookies.set("_token", "made.up.token")
    answer = client.get("/meta-layer/")
    assert answer.status_code in (303, 403)
    assert "Tables nobody reads" not in answer.text


def test_a_role_without_any_permission_sees_nothing(shown: None, person: Person) -> None:
    answer = person("").get("/meta-layer/questions/tables")
    assert answer.status_code == 403
    assert "SHOP" not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_a_viewer_sees_every_page(shown: None, person: Person, path: str) -> None:
    assert person("VIEWER").get(path).status_code == 200


def test_a_viewer_has_no_button_and_is_turned_away_from_its_route(shown: None, person: Person) -> None:
    client = person("VIEWER")
    assert not page(client, "/meta-layer/questions/tables").all("button")
    answer = client.post("/meta-layer/questions/tables/ask", headers=SAME)
    assert answer.status_code == 403
    assert "may not start meta_layer_question" in answer.text


def test_who_may_start_the_dag_has_the_button(shown: None, person: Person) -> None:
    found = page(person("USER"), "/meta-layer/questions/tables")
    assert [form["action"] for form in found.all("form")] == ["/meta-layer/questions/tables/ask"]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://elsewhere.example"},
        {},
    ],
)
def test_the_form_of_another_site_starts_nothing(shown: None, person: Person, headers: dict[str, str]) -> None:
    answer = person("USER").post("/meta-layer/questions/tables/ask", headers=headers)
    assert answer.status_code == 403
    assert "from the page&#39;s own button only" in answer.text


# --- What it lets through --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_scripts_and_foreign_frames(shown: None, person: Person, path: str) -> None:
    headers = person("VIEWER").get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert "script-src" not in policy
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


@pytest.mark.parametrize("path", PATHS[:2])
def test_a_table_named_like_a_script_is_only_text(shown: None, person: Person, path: str) -> None:
    found = page(person("VIEWER"), path)
    assert EVIL in found.text
    assert not found.all("script")
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on") or name == "style"]


def test_a_question_in_the_address_that_does_not_exist_is_named_as_text(shown: None, person: Person) -> None:
    answer = person("VIEWER").get("/meta-layer/questions/<script>")
    assert answer.status_code == 404
    assert "There is no question &lt;script&gt;" in answer.text


def test_the_file_for_a_spreadsheet_runs_no_formula(shown: None, person: Person) -> None:
    answer = person("VIEWER").get("/meta-layer/questions/tables.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert re.fullmatch(r'attachment; filename="tables_[\d_-]+\.csv"', answer.headers["content-disposition"])
    head, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head == ["table_name", "bytes", "last_read", "unused"]
    assert [line[0] for line in lines] == [EVIL, "'=HYPERLINK(1)", "RAW.SHOP.TABLE_0"]
    assert lines[1][1:] == ["1000000", "", "True"]


# --- What it says ----------------------------------------------------------------------------------------------------


def test_the_first_screen_says_of_each_question_how_it_stands(show: Show, person: Person) -> None:
    show(
        lambda: content(
            tables=tables_entry(),
            logins=Entry(
                query=questions()["logins"], asked=silent("logins", State.CANNOT_KNOW, "META_READER lacks a grant.")
            ),
        )
    )
    found = page(person("VIEWER"), "/meta-layer/")
    text = " ".join(found.text.split())
    assert f"{EVIL} was read by nobody and 1 more" in text
    assert "Cannot be known here: META_READER lacks a grant." in text
    assert "Running Not asked yet." in text
    assert "3.0 MB lie unread" in text


def test_an_answer_shows_what_is_new_what_is_kept_and_how_old_it_is(shown: None, person: Person) -> None:
    text = " ".join(page(person("VIEWER"), "/meta-layer/questions/tables").text.split())
    assert "Shows the world as of" in text
    assert "Snowflake is up to 90 minutes late with this." in text
    assert re.search(r"New since \S+ \S+ UTC ✦ RAW\.SHOP\.TABLE_0", text)
    assert "Read once a year finance" in text


def test_an_empty_answer_is_told_apart_from_none(show: Show, person: Person) -> None:
    query = questions()["logins"]
    empty = answered("logins", ())
    show(lambda: content(logins=Entry(query=query, asked=empty, answer=empty)))
    text = page(person("VIEWER"), "/meta-layer/questions/logins").text
    assert "the question was answered, and no row came back" in text
    show(content)
    text = page(person("VIEWER"), "/meta-layer/questions/logins").text
    assert "no row came back" not in text
    assert "Not asked yet" in text


def test_a_failure_shows_its_reason_and_the_last_answer_below_it(show: Show, person: Person) -> None:
    entry = tables_entry()
    failed = silent("tables", State.FAILED, "The statement took too long & was stopped.")
    show(lambda: content(tables=Entry(query=entry.query, asked=failed, answer=entry.answer, before=entry.before)))
    text = " ".join(page(person("VIEWER"), "/meta-layer/questions/tables").text.split())
    assert "✕ Asking failed" in text
    assert "The statement took too long & was stopped. Below stands the last answer there was" in text
    assert "RAW.SHOP.TABLE_0" in text


def test_nothing_known_yet_says_what_to_do(show: Show, person: Person) -> None:
    def away() -> Content:
        raise ConnectionError("250001: Could not connect to Snowflake")

    show(away)
    text = " ".join(page(person("VIEWER"), "/meta-layer/").text.split())
    assert "Snowflake does not answer. Nothing has been read since this server started" in text
    assert "250001: Could not connect to Snowflake" in text
    assert "Start the DAG meta_layer_daily" in text


def test_with_the_warehouse_away_the_last_known_stays_with_its_time(show: Show, person: Person) -> None:
    known, hours = iter([content(tables=tables_entry())]), itertools.count()

    def read() -> Content:
        for one in known:
            return one
        raise ConnectionError("Snowflake cannot be reached: look at the network.")

    show(read, clock=lambda: 3600.0 * next(hours))
    client = person("VIEWER")
    client.get("/meta-layer/")
    for _ in range(50):
        text = " ".join(page(client, "/meta-layer/questions/tables").text.split())
        if "cannot be reached" in text:
            break
    assert re.search(r"Snowflake does not answer\. What stands here was read (just now|\d+ minutes? ago)", text)
    assert "Snowflake cannot be reached: look at the network." in text
    assert "RAW.SHOP.TABLE_0" in text


def test_rows_are_sorted_by_a_link_and_shown_a_page_at_a_time(show: Show, person: Person) -> None:
    show(lambda: content(tables=tables_entry(250)))
    client = person("VIEWER")
    found = page(client, "/meta-layer/questions/tables?sort=-bytes&page=3")
    text = " ".join(found.text.split())
    assert "rows 201 to 250 of 250" in text
    assert "Page 3 of 3" in text
    heads = [head for head in found.all("th") if head.get("scope") == "col"]
    assert [head.get("aria-sort") for head in heads[:5]] == [None, "none", "descending", "none", "none"]
    first = page(client, "/meta-layer/questions/tables?sort=-bytes").text
    assert "RAW.SHOP.TABLE_247" in first
    assert "=HYPERLINK(1)" not in first[first.index("The answer") :]


@pytest.mark.parametrize("asked", ["?page=0", "?page=99", "?sort=nothing", "?sort=-", "?sort=-last_read"])
def test_an_address_that_asks_for_what_is_not_there_gets_the_nearest(shown: None, person: Person, asked: str) -> None:
    assert "RAW.SHOP.TABLE_0" in page(person("VIEWER"), f"/meta-layer/questions/tables{asked}").text


@pytest.mark.parametrize("path", PATHS[:2])
def test_a_page_can_be_walked_by_keyboard_and_read_aloud(shown: None, person: Person, path: str) -> None:
    found = page(person("VIEWER"), path)
    assert found.all("html") == [{"lang": "en"}]
    assert found.all("a")[0] == {"class": "skip", "href": "#main"}
    assert [tag for tag, attributes in found.tags if attributes.get("id") == "main"] == ["main"]
    assert len(found.all("h1")) == 1
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(head.get("scope") in ("col", "row") for head in found.all("th"))
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_page_stands_in_airflows_navigation(airflow: object, person: Person) -> None:
    from airflow.plugins_manager import get_plugin_info

    (plugin,) = [plugin for plugin in get_plugin_info() if plugin["name"] == "meta_layer"]
    (view,) = plugin["external_views"]
    assert (view["destination"], view["href"]) == ("nav", "meta-layer/")
    for icon in (view["icon"], view["icon_dark_mode"]):
        assert person(None).get(f"/{icon}").headers["content-type"] == "image/svg+xml"


def test_the_parts_of_the_page_are_not_taken_for_plugins(airflow: object) -> None:
    from airflow.plugins_manager import get_import_errors, get_plugin_info

    assert get_import_errors() == {}
    sources = [str(plugin["source"]) for plugin in get_plugin_info(["source"])]
    assert not [source for source in sources if "meta_layer_page" in source]


def test_every_row_of_a_large_answer_is_in_its_file(show: Show, person: Person) -> None:
    large = answered("tables", rows(10_000))
    show(lambda: content(tables=Entry(query=questions()["tables"], asked=large, answer=large)))
    text = person("VIEWER").get("/meta-layer/questions/tables.csv").text
    assert text.count("\r\n") == 10_001
