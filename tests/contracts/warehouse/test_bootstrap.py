"""deploy/snowflake on an empty account: what it makes, that a second run changes nothing, and the keys it hands out."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from snowflake.connector import SnowflakeConnection

from local.stack.warehouse import run_bootstrap
from tests.contracts.warehouse.connections import connect, listed, rows, value
from tests.standins import ROOT, Standin

KEYS = ROOT / "deploy" / "snowflake" / "keys.sh"
WAREHOUSES = {"LOADING_WH", "TRANSFORM_WH", "REPORTING_WH", "META_WH"}
# What each program logs in as, and what it may do.
USERS = {
    "LOADER": ("LOADER", "LOADING_WH"),
    "TRANSFORMER": ("TRANSFORMER", "TRANSFORM_WH"),
    "META": ("META_READER", "META_WH"),
}
LISTINGS = ("roles", "warehouses", "resource monitors", "databases", "schemas in database META", "users")


@pytest.fixture(scope="module")
def account(server: Standin) -> Iterator[SnowflakeConnection]:
    """An account on which the bootstrap has run once."""
    with connect(server, role="ACCOUNTADMIN") as connection:
        run_bootstrap(connection)
        yield connection


def state(account: SnowflakeConnection) -> dict[str, list[dict[str, Any]]]:
    """Everything that SHOW tells of the account, with the grants of each role and user."""
    found = {what: listed(account, f"show {what}") for what in LISTINGS}
    for role in found["roles"]:
        found[f"to role {role['name']}"] = listed(account, f"show grants to role {role['name']}")
        found[f"future to role {role['name']}"] = listed(account, f"show future grants to role {role['name']}")
    for user in found["users"]:
        found[f"to user {user['name']}"] = listed(account, f"show grants to user {user['name']}")
    return found


def held(account: SnowflakeConnection, role: str) -> set[tuple[str, str]]:
    return {(grant["privilege"], grant["name"]) for grant in listed(account, f"show grants to role {role}")}


def test_a_second_run_changes_nothing(account: SnowflakeConnection) -> None:
    before = state(account)
    run_bootstrap(account)
    after = state(account)
    assert sum(map(len, before.values())) > 60
    assert after == before


def test_each_program_is_a_service_user_with_its_own_role_and_warehouse(account: SnowflakeConnection) -> None:
    users = {user["name"]: user for user in listed(account, "show users")}
    for name, (role, warehouse) in USERS.items():
        assert users[name]["type"] == "SERVICE"
        assert (users[name]["default_role"], users[name]["default_warehouse"]) == (role, warehouse)
        assert [grant["name"] for grant in listed(account, f"show grants to user {name}")] == [role]


@pytest.mark.parametrize("user", USERS)
def test_a_program_that_only_names_its_user_stands_where_it_works_in_utc(
    server: Standin, account: SnowflakeConnection, user: str
) -> None:
    with connect(server, user=user) as connection:
        assert rows(connection, "select current_role(), current_warehouse()") == [USERS[user]]
        assert listed(connection, "show parameters like 'timezone' in session")[0]["value"] == "UTC"


def test_what_airbyte_sends_is_marked_although_airbyte_marks_nothing(
    server: Standin, account: SnowflakeConnection
) -> None:
    with connect(server, user="LOADER") as connection:
        tag = "show parameters like 'query_tag' in session"
        assert listed(connection, tag)[0]["value"] == '{"app":"airbyte"}'
    with connect(server, user="LOADER", session_parameters={"QUERY_TAG": "its own"}) as connection:
        assert listed(connection, tag)[0]["value"] == "its own"


def test_every_warehouse_stops_by_itself_and_has_a_quota(account: SnowflakeConnection) -> None:
    monitors = {monitor["name"]: monitor for monitor in listed(account, "show resource monitors")}
    warehouses = [one for one in listed(account, "show warehouses") if one["name"] in WAREHOUSES]
    assert {one["name"] for one in warehouses} == WAREHOUSES
    for one in warehouses:
        assert (one["size"], one["auto_suspend"]) == ("X-Small", "60")
        monitor = monitors[one["resource_monitor"]]
        assert int(monitor["credit_quota"]) > 0
        assert (monitor["frequency"], monitor["notify_at"], monitor["suspend_at"]) == ("MONTHLY", "75%,90%", "100%")
    assert len({one["resource_monitor"] for one in warehouses}) == len(WAREHOUSES)


def test_the_meta_reader_may_watch_and_write_its_own_and_nothing_else(account: SnowflakeConnection) -> None:
    database_roles = ("OBJECT_VIEWER", "USAGE_VIEWER", "GOVERNANCE_VIEWER", "SECURITY_VIEWER")
    assert held(account, "META_READER") == {
        ("USAGE", "META_WH"),
        *(("MONITOR", warehouse) for warehouse in WAREHOUSES),
        *(("USAGE", f"SNOWFLAKE.{role}") for role in database_roles),
        ("OWNERSHIP", "META"),
        ("OWNERSHIP", "META.LAYER"),
    }


def test_nobody_gets_imported_privileges(account: SnowflakeConnection) -> None:
    roles = [role["name"] for role in listed(account, "show roles")]
    granted = {privilege for role in roles for privilege, _ in held(account, role)}
    assert {"USAGE", "MONITOR", "OWNERSHIP"} <= granted
    assert "IMPORTED PRIVILEGES" not in granted


def test_a_new_owner_takes_the_place_of_the_old_one(account: SnowflakeConnection) -> None:
    rows(account, "create database if not exists HANDED_OVER")
    rows(account, "grant ownership on database HANDED_OVER to role SYSADMIN copy current grants")
    rows(account, "grant ownership on database HANDED_OVER to role REPORTER copy current grants")
    owners = [(g["privilege"], g["grantee_name"]) for g in listed(account, "show grants on database HANDED_OVER")]
    assert owners == [("OWNERSHIP", "REPORTER")]
    assert listed(account, "show databases like 'HANDED_OVER'")[0]["owner"] == "REPORTER"
    rows(account, "drop database HANDED_OVER")


def test_what_is_loaded_after_the_bootstrap_is_open_to_dbt_and_closed_to_analysts(
    account: SnowflakeConnection,
) -> None:
    rows(account, "create schema RAW.LATER")
    rows(account, "create table RAW.LATER.THINGS (id number)")
    try:
        assert {("USAGE", "RAW.LATER"), ("SELECT", "RAW.LATER.THINGS")} <= held(account, "TRANSFORMER")
        assert not [name for _, name in held(account, "REPORTER") if name.startswith("RAW")]
    finally:
        rows(account, "drop schema RAW.LATER")


def test_a_monitor_can_be_changed_and_dropped(account: SnowflakeConnection) -> None:
    rows(
        account,
        "create resource monitor SPARE with credit_quota = 5 frequency = weekly start_timestamp = immediately "
        "triggers on 50 percent do notify on 110 percent do suspend_immediate",
    )
    rows(account, "alter resource monitor SPARE set credit_quota = 7")
    (found,) = listed(account, "show resource monitors like 'SPARE'")
    assert (found["credit_quota"], found["notify_at"], found["suspend_immediately_at"]) == ("7", "50%", "110%")
    rows(account, "drop resource monitor SPARE")
    assert listed(account, "show resource monitors like 'SPARE'") == []


def keys(folder: Path) -> str:
    return subprocess.run(["sh", str(KEYS), str(folder)], capture_output=True, text=True, check=True).stdout


def test_the_key_script_gives_snowflake_the_public_half_of_each_private_key(
    account: SnowflakeConnection, tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    sql = keys(folder)
    account.execute_string(sql)
    for user in USERS:
        file = folder / f"{user.lower()}.p8"
        assert file.stat().st_mode & 0o077 == 0
        private = serialization.load_pem_private_key(file.read_bytes(), password=None)
        public = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        assert f"alter user {user} set rsa_public_key = '{base64.b64encode(public).decode()}';" in sql
    assert "PRIVATE" not in sql


def test_the_key_script_keeps_the_keys_that_are_there(tmp_path: Path) -> None:
    first = keys(tmp_path)
    (tmp_path / "meta.p8").unlink()
    second = keys(tmp_path)
    changed = [user for user in USERS if _line(first, user) != _line(second, user)]
    assert changed == ["META"]


def _line(sql: str, user: str) -> str:
    (line,) = [line for line in sql.splitlines() if line.startswith(f"alter user {user} ")]
    return line


def test_the_meta_user_logs_in_with_its_key(server: Standin, account: SnowflakeConnection, tmp_path: Path) -> None:
    keys(tmp_path)
    with connect(server, user="META", private_key_file=str(tmp_path / "meta.p8"), password=None) as connection:
        assert value(connection, "select current_user()") == "META"
