"""Answers of a small shop's account over the last weeks, so that a page has something to show.

Made up, and the same at each run but for the dates. The questions that the first screen tells by name are told as one
story (what is spent, what runs, what is unused, what failed); every other question gets rows of its declared columns.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from include.metalayer.answer import Answer, Row, State
from include.metalayer.figures import Value
from include.metalayer.query import Column, Query, Rhythm, Unit, questions

DAYS = 35
EVIL = "RAW.STOREFRONT.<script>alert(1)</script>"
TABLES = (
    *("RAW.STOREFRONT.ORDERS", "RAW.STOREFRONT.ORDER_LINES", "RAW.PAYMENTS.CHARGES", "RAW.PAYMENTS.PAYOUTS"),
    *("RAW.PRODUCT_ANALYTICS.EVENTS", "RAW.PRODUCT_ANALYTICS.SESSIONS", "ANALYTICS.MARTS.FCT_ORDERS"),
    *("ANALYTICS.MARTS.FCT_PAYMENTS", "ANALYTICS.MARTS.DIM_ARTISTS", "ANALYTICS.STAGING.STG_STOREFRONT__ORDERS"),
)
FORGOTTEN = (
    "RAW.STOREFRONT.LEGACY_CARTS",
    "ANALYTICS.MARTS.RPT_CAMPAIGN_2024",
    "ANALYTICS.SCRATCH.ARTIST_BACKFILL",
    EVIL,
)
MODELS = ("model.backbeat.fct_orders", "model.backbeat.fct_payments", "model.backbeat.int_sessions_joined")
WAREHOUSES = {"LOADING_WH": 0.05, "TRANSFORM_WH": 0.17, "REPORTING_WH": 0.08, "META_WH": 0.004}
# On Standard edition, and with one grant missing, as it may be.
SILENT = {
    "unused_views_columns": (
        State.CANNOT_KNOW,
        "This needs Snowflake's Enterprise edition (ACCESS_HISTORY), and this account has not got it.",
    ),
    "people_and_access": (
        State.CANNOT_KNOW,
        "META_READER may not read SNOWFLAKE.ACCOUNT_USAGE.LOGIN_HISTORY: run `grant database role "
        "SNOWFLAKE.SECURITY_VIEWER to role META_READER` as ACCOUNTADMIN.",
    ),
    "slower_than_before": (
        State.FAILED,
        "The statement of slower_than_before.sql took too long and was stopped: bound it more tightly.",
    ),
}
UNASKED = "own_cost"


def answers(queries: Mapping[str, Query], now: datetime) -> Iterator[tuple[Query, Answer]]:
    """Every answer of the weeks until now, oldest first, with the query that gave it."""
    for query in questions(queries):
        if query.name == UNASKED:
            continue
        for at in _times(query, now):
            newest = at == now - timedelta(minutes=12)
            if newest and query.name in SILENT:
                state, reason = SILENT[query.name]
                yield query, Answer(query=query.name, state=state, asked_at=at, reason=reason, variant=query.name)
            else:
                yield query, answer(query, at, story(query, at))


def answer(query: Query, at: datetime, rows: tuple[Row, ...]) -> Answer:
    """An answer with these rows."""
    return Answer(
        query=query.name,
        state=State.ANSWERED,
        asked_at=at,
        data_until=at - timedelta(minutes=query.latency_minutes),
        rows=rows,
        seconds=1.4,
        variant=query.name,
        statement_id="01b2f0c1-0000-4a2e-0000-000100020003",
    )


def _times(query: Query, now: datetime) -> list[datetime]:
    step = timedelta(days=7 if query.rhythm is Rhythm.WEEKLY else 3)
    back = range(int(timedelta(days=DAYS) / step), -1, -1)
    return [now - timedelta(minutes=12) - number * step for number in back]


def story(query: Query, at: datetime) -> tuple[Row, ...]:
    """What the question is answered at a time."""
    told = {
        "daily_bill": _bill,
        "warehouse_spend_idle": _hours,
        "running_now": _running,
        "unused_tables": _unused,
        "failures": _failures,
    }.get(query.name)
    if told:
        return tuple({column.name: row.get(column.name) for column in query.columns} for row in told(at))
    return made_up(query, at, 8 + at.toordinal() % 5)


def _spent(day: datetime) -> float:
    """Credits of a day: less at weekends, a little more each week, and a wave, as real ones have."""
    weekend = 0.55 if day.weekday() >= 5 else 1.0
    return (3.4 + 0.02 * (day.toordinal() % 60) + 0.5 * math.sin(day.toordinal() * 1.7)) * weekend


def _bill(at: datetime) -> Iterator[Row]:
    for back in range(61, -1, -1):
        day = at - timedelta(days=back)
        spent = _spent(day) * (0.4 if back == 0 else 1.35 if back == 1 else 1.0)
        parts = {"WAREHOUSE_METERING": 0.93 * spent, "AUTO_CLUSTERING": 0.07 * spent}
        for service, billed in parts.items():
            yield {
                "day": day.date().isoformat(),
                "service_type": service,
                "credits_compute": billed,
                "credits_cloud_services": 0.06 * billed,
                "credits_adjustment": -0.06 * billed,
                "credits_billed": billed,
                "credits_of_day": spent,
                "complete": back > 0,
                "over_usual_percent": 42.0 if back == 1 else 3.0,
            }


def _hours(at: datetime) -> Iterator[Row]:
    start = at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=30)
    for hour in range(31 * 24 - 9):
        moment = start + timedelta(hours=hour)
        for number, (name, credits) in enumerate(WAREHOUSES.items()):
            metered = _spent(moment) / 8.2 * credits * (1.8 if 6 <= moment.hour < 18 else 0.3)
            idle = metered * (0.1 + 0.12 * number)
            short = 0.04 * metered
            yield {
                "hour": moment.isoformat(),
                "warehouse_name": name,
                "credits_metered": metered,
                "credits_attributed": metered - idle - short,
                "credits_idle": idle,
                "credits_not_attributable": short,
                "credits_cloud_services": 0.05 * metered,
                "newest_day": moment > at - timedelta(hours=32),
                "idle_of_newest_day": 1.2 if name == "REPORTING_WH" and hour == 31 * 24 - 10 else 0.1,
            }


def _running(at: datetime) -> Iterator[Row]:
    for number, (state, job, seconds) in enumerate(
        [("running", MODELS[0], 754), ("running", "storefront_hourly.sync_storefront", 41), ("queued", MODELS[1], 18)]
    ):
        yield {
            "state": state,
            "job": job,
            "user_name": "TRANSFORMER",
            "warehouse_name": "TRANSFORM_WH",
            "started_at": (at - timedelta(seconds=seconds)).isoformat(),
            "running_seconds": seconds,
            "waiting_seconds": seconds if state == "queued" else 0,
            "query_type": "MERGE",
            "query_text": "merge into analytics.marts.fct_orders as target using ...",
            "query_id": f"01b2f0c1-0000-4a2e-0000-00000000000{number}",
        }


def _unused(at: datetime) -> Iterator[Row]:
    for number, name in enumerate(FORGOTTEN[: 3 + at.toordinal() % 2]):
        last = None if number % 2 else (at - timedelta(days=120 + number)).isoformat()
        yield _table(name, "unused", 120, last, 9e9 / (number + 1))
    for name in TABLES[:3]:
        yield _table(name, "too_young", 35, None, 4e8)


def _table(name: str, bucket: str, days: int, last_read: str | None, size: float) -> Row:
    return {
        "table_name": name,
        "bucket": bucket,
        "last_read": last_read,
        "observed_days": days,
        "row_count": int(size / 120),
        "bytes": int(size),
        "owner": "TRANSFORMER",
    }


def _failures(at: datetime) -> Iterator[Row]:
    told = (
        ("new", MODELS[2], True, 3, "100132", "Numeric value 'n/a' is not recognized"),
        ("again", "payments_hourly.sync_payments", True, 1, "000604", "SQL execution canceled"),
        ("again", "ADA", False, 4, "002003", "Object 'ANALYTICS.MARTS.FCT_ORDRES' does not exist or not authorized."),
    )
    for number, (state, job, pipeline, count, code, message) in enumerate(told):
        yield {
            "state": state,
            "job": job,
            "user_name": "TRANSFORMER" if pipeline else job,
            "in_pipeline": pipeline,
            "failures_24h": count,
            "failures_14d": count if state == "new" else 6 * count,
            "first_failed_at": (at - timedelta(hours=7)).isoformat(),
            "last_failed_at": (at - timedelta(hours=1, minutes=number)).isoformat(),
            "error_code": code,
            "error_message": message,
            "warehouse_name": "TRANSFORM_WH",
            "query_text": "select order_id, artist_id, sum(amount) as amount\n" * 6,
            "query_id": f"01b2f0c1-0000-4a2e-0000-00000000001{number}",
            "shape": f"{number:032x}",
        }


def made_up(query: Query, at: datetime, count: int) -> tuple[Row, ...]:
    """Rows of any question, by the units of its columns alone."""
    return tuple(
        {column.name: _value(query, column, number, at) for column in query.columns} for number in range(count)
    )


def _value(query: Query, column: Column, number: int, at: datetime) -> Value:
    chance = random.Random(f"{query.name}.{column.name}.{number}")
    match column.unit:
        case Unit.NAME | Unit.TEXT:
            return _word(column.name, number)
        case Unit.COUNT:
            return chance.randrange(1, 4000) // (number + 1)
        case Unit.BYTES:
            return chance.randrange(10**6, 4 * 10**10) // (number + 1)
        case Unit.CREDITS:
            return round(chance.uniform(0.01, 2.0) / (number + 1), 4)
        case Unit.SECONDS:
            return round(chance.uniform(0.4, 900.0), 1)
        case Unit.PERCENT:
            return round(chance.uniform(0.0, 100.0), 1)
        case Unit.FLAG:
            return chance.random() < 0.5
    moment = at - timedelta(hours=24 * number + chance.randrange(24))
    return moment.date().isoformat() if column.unit is Unit.DATE else moment.isoformat()


def _word(name: str, number: int) -> str:
    """A name that fits the column; another one for each row, since names identify rows."""
    if "warehouse" in name:
        return list(WAREHOUSES)[number % len(WAREHOUSES)]
    if "user" in name or "owner" in name:
        return ("TRANSFORMER", "LOADER", "ADA", "REPORTING")[number % 4]
    if "schema" in name:
        return f"{TABLES[number % len(TABLES)].rpartition('.')[0]}{'' if number < 9 else number}"
    if "job" in name or "node" in name:
        return f"{MODELS[number % len(MODELS)]}{'' if number < 3 else f'_{number}'}"
    if "table" in name or "object" in name or name == "name":
        return TABLES[number] if number < len(TABLES) else f"RAW.ARCHIVE.TABLE_{number:05}"
    return {"state": "moving", "bucket": "unused", "kind": "BASE TABLE", "shape": f"{number:032x}"}.get(
        name, f"{name} {number}"
    )
