"""The routes: the first screen, one question, its file for a spreadsheet, and asking it anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response, status
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup

from include.firehose.designs import style
from include.metalayer import charts, keep
from include.metalayer.answer import name_of
from include.metalayer.entry import Entry, Mark, ago, data_age, utc
from include.metalayer.figures import shown
from include.metalayer.plots import Plot, Series, caption
from include.metalayer.query import ChartKind, Rhythm, Unit
from include.settings.connections import SNOWFLAKE_META
from plugins.meta_layer_page import access
from plugins.meta_layer_page.reading import Content
from plugins.meta_layer_page.shelf import Look
from plugins.meta_layer_page.table import Sort, cells, table, to_csv

RHYTHMS = {Rhythm.NOW: "every half hour", Rhythm.DAILY: "every day", Rhythm.WEEKLY: "every Monday"}

router = APIRouter(dependencies=[Depends(access.may_read)])
templates = Jinja2Templates(Path(__file__).parent / "templates")
templates.env.trim_blocks = templates.env.lstrip_blocks = True
templates.env.globals.update(
    Mark=Mark,
    Unit=Unit,
    ago=ago,
    cells=cells,
    connection=SNOWFLAKE_META,
    dag=access.DAG,
    name_of=name_of,
    new_glyph=style.NEW,
    shown=shown,
    spark=charts.spark,
    utc=utc,
)


def with_code(text: str) -> Markup:
    """A sentence in which what stands between backticks is set as code."""
    parts = (
        Markup("<code>{}</code>" if number % 2 else "{}").format(part) for number, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)


templates.env.filters["with_code"] = with_code


def airflow_root(request: Request) -> str:
    """The path that Airflow lives below, without a slash at its end."""
    return str(request.scope.get("app_root_path", "")).rstrip("/")


def render(request: Request, name: str, context: Mapping[str, Any], code: int = status.HTTP_200_OK) -> Response:
    """A page. Where its links lead depends on where Airflow lives, and on whether Airflow's frame is around it."""
    common = {
        "root": request.scope["root_path"],
        "airflow": airflow_root(request),
        "alone": request.headers.get("sec-fetch-dest") == "document",
        "style_version": request.app.state.style_version,
        "now": datetime.now(UTC),
    }
    return templates.TemplateResponse(request, name, {**common, **context}, status_code=code)


def _look(request: Request) -> Look[Content]:
    return request.app.state.shelf.look()


Seen = Annotated[Look[Content], Depends(_look)]


def _entry(name: str, seen: Seen) -> Entry:
    """The question of the address, or a page that says that there is none."""
    if seen.content is None:
        raise HTTPException(
            status.HTTP_503_SERVICE_UNAVAILABLE, seen.problem or "The answers are being read: load again."
        )
    if name not in seen.content.entries:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no question {name}: choose one from the first page.")
    return seen.content.entries[name]


Asked = Annotated[Entry, Depends(_entry)]


@router.get("/")
def first_screen(request: Request, seen: Seen) -> Response:
    """Everything at a glance."""
    content = seen.content
    split = content.screen.split if content else None
    context = {
        "problem": seen.problem,
        "read_at": content and content.read_at,
        "screen": content and content.screen,
        "picture": split and charts.draw(split.plot, _say(split.plot.unit)),
        "expired": content.expired if content else (),
    }
    return render(request, "overview.html", context)


# Before the page of a question: its address would take this one for a name.
@router.get("/questions/{name}.csv")
def download(entry: Asked) -> Response:
    """The whole answer as a file."""
    if entry.answer is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no answer to {entry.name} yet.")
    file = f"{entry.name}_{entry.answer.asked_at:%Y-%m-%d_%H%M}.csv"
    # The mark at the beginning tells spreadsheets that the file is UTF-8.
    content = to_csv(entry.query, entry.answer.rows).encode("utf-8-sig")
    return Response(content, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{file}"'})


@router.get("/questions/{name}")
def question(
    request: Request,
    entry: Asked,
    seen: Seen,
    can_ask: access.CanAsk,
    sort: str | None = None,
    page: int = 1,
    asking: Annotated[str | None, Query(pattern="^(started|paused)$")] = None,
) -> Response:
    """One question with everything that is known of it."""
    rows = entry.answer.rows if entry.answer else ()
    context = {
        "problem": seen.problem,
        "read_at": seen.content and seen.content.read_at,
        "entry": entry,
        "query": entry.query,
        "rhythm": RHYTHMS[entry.query.rhythm],
        "can_ask": can_ask,
        "asking": access.SENTENCES.get(asking or ""),
        "age": data_age(entry),
        "table": table(
            entry.query,
            rows,
            sort=Sort.read(sort, entry.query),
            page=page,
            wishes=entry.wishes_by_place,
            new=entry.new_places,
        ),
        "course": _course(entry),
        "caption": caption(entry.query),
        "expired": seen.content.expired if seen.content and keep.is_honoured_by(entry.query) else (),
        **_drawing(entry.plot),
    }
    return render(request, "question.html", context)


def _drawing(drawn: Plot | None) -> dict[str, Any]:
    if drawn is None:
        return {}
    say = _say(drawn.unit)
    if drawn.over_time:
        return {"picture": charts.draw(drawn, say)}
    return {"bars": charts.bars(drawn, say), "legend": charts.legend(drawn, say)}


def _course(entry: Entry) -> charts.Picture | None:
    """The headline over time, once there is a course to see."""
    if len(entry.course) < 2:
        return None
    unit = entry.query.headline.unit
    places = tuple(point.at.isoformat() for point in entry.course)
    line = Series(entry.query.headline.words, tuple(entry.values))
    return charts.draw(Plot(ChartKind.LINE, places, (line,), unit, over_time=True), _say(unit))


def _say(unit: Unit) -> charts.Say:
    return lambda value: shown(value, unit)


@router.post("/questions/{name}/ask", dependencies=[Depends(access.from_this_page), Depends(access.may_ask)])
async def ask(request: Request, entry: Asked) -> Response:
    """Start the DAG for this question, as this user, and go back to its page."""
    begun = await access.start_run(request, entry.name)
    request.app.state.shelf.expect_news()
    return RedirectResponse(
        f"{request.scope['root_path']}/questions/{entry.name}?asking={begun}", status.HTTP_303_SEE_OTHER
    )
