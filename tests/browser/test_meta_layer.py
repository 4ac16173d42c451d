"""The meta layer's page as people meet it: in Airflow, in Chromium, with a finger, with a keyboard, in the dark."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DAG_OF_ONE
from tests.integration.stack import Stack, wait_for
from tests.standins import ROOT

# A stack and a browser of their own: two minutes that not every change can wait for.
pytestmark = [pytest.mark.stack, pytest.mark.slow]

Window = Callable[..., Page]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# Each text's contrast with what is behind it: WCAG 2.2, 1.4.3.
CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = color => {
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(value => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    const color = getComputedStyle(element).backgroundColor;
    return element.parentElement && color.endsWith(", 0)") ? ground(element.parentElement) : color;
  };
  const found = {};
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!text || element.closest("svg, .unseen, .skip")) continue;
    const pair = [luminance(getComputedStyle(element).color), luminance(ground(element))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) found[`${element.tagName}.${element.className}`] = ratio;
  }
  return found;
}
"""


def picture(page: Page, name: str, **options: Any) -> None:
    """With BACKBEAT_PICTURES set, the page as it is now goes into docs/; otherwise only that it can be drawn counts."""
    path = ROOT / "docs" / f"meta-layer{name}.png" if os.environ.get("BACKBEAT_PICTURES") else None
    assert page.screenshot(path=path, animations="disabled", **options)


def test_who_is_logged_out_comes_to_the_login_and_from_there_to_the_page(window: Window, airflow: Stack) -> None:
    page = window(None)
    page.goto("/meta-layer/questions/daily_bill")
    expect(page).to_have_url(re.compile("/auth/login"))
    assert "credits" not in page.content()
    page.get_by_label(re.compile("username", re.IGNORECASE)).fill("admin")
    page.get_by_label(re.compile("password", re.IGNORECASE)).fill(airflow.values["AIRFLOW_ADMIN_PASSWORD"])
    page.get_by_role("button").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The bill, day by day")


def test_the_page_opens_from_airflows_navigation_and_its_links_stay_in_the_frame(window: Window) -> None:
    page = window("USER")
    page.goto("/")
    page.get_by_role("link", name="Meta layer").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Meta layer")
    expect(frame.get_by_role("link", name="Airflow")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    picture(page, "-in-airflow")
    frame.get_by_role("link", name="Unused tables").first.click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Unused tables")
    # The address of the frame is in the browser's, so that it can be sent to somebody.
    expect(page).to_have_url(re.compile("/plugin/meta-layer/.*unused_tables"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_follows_the_theme_that_airflow_is_set_to(window: Window, theme: str) -> None:
    page = window("VIEWER", color_scheme="null")
    page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page.goto("/plugin/meta-layer")
    body = page.frame_locator("iframe").locator("body")
    expect(body).to_have_css("background-color", "rgb(19, 21, 23)" if theme == "dark" else "rgb(246, 246, 244)")


def test_the_first_screen_tells_what_is_spent_what_runs_what_is_unused_and_what_failed(window: Window) -> None:
    page = window()
    page.goto("/meta-layer/")
    spend = page.get_by_role("region", name="We spend")
    expect(spend).to_contain_text(re.compile(r"[\d.,]+ credits [\d.,]+ EUR"))
    expect(spend).to_contain_text("Idle")
    expect(page.get_by_role("region", name="Running")).to_contain_text("3 statements")
    expect(page.get_by_role("region", name="Used by nobody")).to_contain_text(re.compile("[34] tables"))
    expect(page.get_by_role("region", name="Failed")).to_contain_text("8 statements")
    expect(page.locator(".questions > li")).to_have_count(19)
    expect(page.locator(".questions")).to_contain_text(
        ["", "", "", "", "SNOWFLAKE.SECURITY_VIEWER to role META_READER"], use_inner_text=True
    )
    picture(page, "", full_page=False)


def test_a_question_shows_its_answer_and_a_table_named_like_a_script_runs_nothing(window: Window) -> None:
    page = window()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto("/meta-layer/questions/unused_tables")
    expect(page.get_by_role("rowheader", name="RAW.STOREFRONT.LEGACY_CARTS")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    picture(page, "-question", full_page=True)
    assert complaints == []


def test_a_table_is_sorted_and_downloaded_without_javascript(window: Window) -> None:
    page = window("VIEWER", java_script_enabled=False)
    page.goto("/meta-layer/questions/storage")
    page.get_by_role("columnheader").get_by_role("link", name="Table").click()
    names = page.locator("section[aria-labelledby=answer] tbody th").all_inner_texts()
    assert names == sorted(names, key=str.casefold)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert download.value.path().read_text(encoding="utf-8-sig").startswith("table_name,active_bytes,")


def test_who_may_asks_a_question_again_and_sees_the_new_answer(window: Window, airflow: Stack) -> None:
    page = window("USER")
    page.goto("/plugin/meta-layer/meta-layer/questions/inventory")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text(re.compile(r"Last asked \d\d minutes ago"))).to_be_visible()
    frame.get_by_role("button", name="Ask again now").click()
    expect(frame.get_by_role("status")).to_contain_text("The question is being asked")
    run = wait_for(lambda: airflow.api.latest_run(DAG_OF_ONE), "the run", 30)
    assert run["conf"] == {"question": "inventory"}
    assert run["triggering_user_name"] == "user"
    log = airflow.api.call("GET", "/eventLogs", params={"dag_id": DAG_OF_ONE, "event": "trigger_dag_run"})
    assert [entry["owner"] for entry in log["event_logs"]] == ["user"]
    airflow.wait(DAG_OF_ONE, run["dag_run_id"])

    def asked() -> bool:
        page.goto("/meta-layer/questions/inventory")
        return page.get_by_text(re.compile("Last asked (just now|[12] minutes? ago)")).count() > 0

    wait_for(asked, "the new answer on the page", 90)


@pytest.mark.parametrize("path", ["/meta-layer/", "/meta-layer/questions/failures"])
def test_a_phone_shows_everything_without_scrolling_sideways(window: Window, path: str) -> None:
    page = window("VIEWER", **PHONE)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    if path == "/meta-layer/":
        picture(page, "-phone", full_page=False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/meta-layer/", "/meta-layer/questions/unused_tables"])
def test_every_text_stands_out_from_its_ground(window: Window, scheme: str, path: str) -> None:
    page = window("USER", color_scheme=scheme)
    page.goto(path)
    assert page.evaluate(CONTRAST) == {}
    if (scheme, path) == ("dark", "/meta-layer/"):
        picture(page, "-dark", full_page=False)


def test_the_keyboard_reaches_the_content_at_once_and_shows_where_it_is(window: Window) -> None:
    page = window()
    page.goto("/meta-layer/questions/storage")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Download as CSV")).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
