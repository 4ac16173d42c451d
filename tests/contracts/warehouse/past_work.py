"""Work with a past: statements that really run in a local warehouse and are then moved a hundred, eleven, ten
and half a day back (`aging_process`).

One shop: its loads, what dbt builds of them, the people who read that; and the cases that the questions must find.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress

from snowflake.connector.errors import ProgrammingError

from tests.contracts.warehouse.connections import connect
from tests.standins import ROOT, Standin, start

PYTHON = ROOT / ".venvs" / "warehouse" / "bin" / "python"
# Days between the work of one day and that of the next; the last are those since the newest.
TO_ELEVEN_DAYS_AGO, TO_TEN_DAYS_AGO, TO_HALF_A_DAY_AGO, SINCE = 89, 1, 9.5, 0.5


def as_user(server: Standin, user: str, warehouse: str, *statements: str, tag: str = "") -> None:
    with connect(server, user=user, role=user, warehouse=warehouse, session_parameters={"QUERY_TAG": tag}) as session:
        for statement in statements:
            session.cursor().execute(statement)


def loader(server: Standin, *statements: str) -> None:
    as_user(server, "LOADER", "LOADING_WH", *statements, tag='{"app": "airbyte"}')


def build(server: Standin, node: str, *statements: str) -> None:
    """What dbt sends for one node, as the task that runs it."""
    comment = {"app": "dbt", "target_name": "test", "invocation_id": f"i{time.time_ns()}", "node_id": node}
    tag = {"app": "airflow", "dag": "marts", "task": "build", "run": f"r{time.time_ns()}", "try": 1}
    commented = [f"{statement}\n/* {json.dumps(comment)} */" for statement in statements]
    as_user(server, "TRANSFORMER", "TRANSFORM_WH", *commented, tag=json.dumps(tag))


def build_marts(server: Standin) -> None:
    build(
        server,
        "model.shop.fct_orders",
        "create or replace table ANALYTICS.MARTS.FCT_ORDERS as "
        "select order_id, total from ANALYTICS.STAGING.STG_ORDERS",
    )
    build(
        server,
        "model.shop.dead_mart",
        "create or replace table ANALYTICS.MARTS.DEAD_MART as select order_id from ANALYTICS.MARTS.FCT_ORDERS",
    )
    build(server, "test.shop.dead_mart", "select count(order_id) from ANALYTICS.MARTS.DEAD_MART where order_id is null")
    for _ in range(3):
        build(
            server,
            "model.shop.slow",
            "create or replace table ANALYTICS.MARTS.SLOW as select total from RAW.SHOP.ORDERS",
        )
        build(
            server,
            "model.shop.even",
            "create or replace table ANALYTICS.MARTS.EVEN as select total from RAW.SHOP.ORDERS",
        )


def read_marts(server: Standin) -> None:
    as_user(
        server,
        "ANN",
        "REPORTING_WH",
        "select order_id, total from ANALYTICS.MARTS.OUTER_VIEW",
        "select total from ANALYTICS.MARTS.SLOW",
        "select total from ANALYTICS.MARTS.EVEN",
    )


def fail(server: Standin, user: str, statement: str) -> None:
    with suppress(ProgrammingError):
        as_user(server, user, "TRANSFORM_WH", statement)


def hundred_days_ago(server: Standin) -> None:
    with connect(server) as session:
        for name in ("LOADING_WH", "TRANSFORM_WH", "REPORTING_WH", "META_WH", "OLD_WH"):
            session.cursor().execute(f"create warehouse {name} warehouse_size = xsmall auto_suspend = 60")
        for role in ("LOADER", "TRANSFORMER", "META", "ANN", "OLD_ROLE"):
            session.cursor().execute(f"create role {role}")
        for user in ("LOADER", "TRANSFORMER", "META"):
            session.cursor().execute(f"create user {user} type = service")
        for user in ("ANN", "DORA"):
            session.cursor().execute(f"create user {user}")
        for statement in (
            "create warehouse IDLE_WH warehouse_size = xsmall auto_suspend = 14400",
            "drop warehouse COMPUTE_WH",
            "create database RAW",
            "create schema RAW.SHOP",
            "create database ANALYTICS",
            "create schema ANALYTICS.STAGING",
            "create schema ANALYTICS.MARTS",
        ):
            session.cursor().execute(statement)
    loader(
        server,
        "create table RAW.SHOP.ORDERS as select 1 as order_id, 9 as total, 'x' as note",
        "create table RAW.SHOP.FORGOTTEN as select 1 as id",
        "create table RAW.SHOP.STOPPED as select 1 as id",
        "create table RAW.SHOP.GONE as select 1 as id",
    )
    build(
        server,
        "model.shop.stg_orders",
        "create view ANALYTICS.STAGING.STG_ORDERS as select order_id, total from RAW.SHOP.ORDERS",
    )
    build_marts(server)
    as_user(
        server,
        "TRANSFORMER",
        "TRANSFORM_WH",
        "create view ANALYTICS.MARTS.INNER_VIEW as select order_id, total from ANALYTICS.MARTS.FCT_ORDERS",
        "create view ANALYTICS.MARTS.OUTER_VIEW as select order_id, total from ANALYTICS.MARTS.INNER_VIEW",
        "create view ANALYTICS.MARTS.DEAD_VIEW as select order_id from ANALYTICS.MARTS.FCT_ORDERS",
    )
    as_user(server, "DORA", "REPORTING_WH", "select id from RAW.SHOP.FORGOTTEN")


def eleven_days_ago(server: Standin) -> None:
    loader(server, "insert into RAW.SHOP.STOPPED values (2)")


def ten_days_ago(server: Standin) -> None:
    loader(server, "insert into RAW.SHOP.STOPPED values (3)", "insert into RAW.SHOP.ORDERS values (2, 8, 'y')")
    build_marts(server)
    read_marts(server)
    fail(server, "TRANSFORMER", "select again from ANALYTICS.MARTS.FCT_ORDERS")


def half_a_day_ago(server: Standin) -> None:
    loader(
        server,
        "insert into RAW.SHOP.ORDERS values (3, 7, 'z')",
        "create table RAW.SHOP.FRESH as select 1 as id",
        "drop table RAW.SHOP.GONE",
    )
    build_marts(server)
    read_marts(server)
    fail(server, "TRANSFORMER", "select again from ANALYTICS.MARTS.FCT_ORDERS")
    fail(server, "TRANSFORMER", "select anew from ANALYTICS.MARTS.FCT_ORDERS")
    fail(server, "ANN", "select mistyped from ANALYTICS.MARTS.FCT_ORDERS")
    as_user(server, "ANN", "IDLE_WH", "select sum(total) as idle from RAW.SHOP.ORDERS")
    as_user(server, "ANN", "REPORTING_WH", "select max(total) as waited from ANALYTICS.MARTS.FCT_ORDERS")
    as_user(
        server,
        "META",
        "META_WH",
        "select count(order_id) from RAW.SHOP.ORDERS",
        tag='{"app":"meta","question":"storage"}',
    )


def put_back(server: Standin, days: float, stretched: Mapping[str, Mapping[str, float]] | None = None) -> None:
    """Stop the warehouse, move its record into the past, start it again."""
    request = {"days": days, "stretched": [{"like": f"%{text}%", **times} for text, times in (stretched or {}).items()]}
    server.stop()
    command = [str(PYTHON), "-m", "tests.contracts.warehouse.aging_process", str(server.data_dir), json.dumps(request)]
    subprocess.run(command, cwd=ROOT, check=True)
    server.start()


def worked() -> Standin:
    """A warehouse in which all of it has happened."""
    standin = start("warehouse")
    hundred_days_ago(standin)
    put_back(standin, TO_ELEVEN_DAYS_AGO)
    eleven_days_ago(standin)
    put_back(standin, TO_TEN_DAYS_AGO)
    ten_days_ago(standin)
    put_back(standin, TO_HALF_A_DAY_AGO, {"MARTS.SLOW as": {"seconds": 20}, "MARTS.EVEN as": {"seconds": 50}})
    half_a_day_ago(standin)
    put_back(
        standin,
        SINCE,
        {
            "MARTS.SLOW as": {"seconds": 75},
            "MARTS.EVEN as": {"seconds": 55},
            "as waited": {"seconds": 3, "queued": 40},
            "as idle": {"seconds": 1},
        },
    )
    return standin
