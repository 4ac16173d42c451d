"""Roles, warehouses and users: the statements that declare them and the SHOWs that list them.

They are facts, kept and shown, and never enforced: the local warehouse lets every role do everything.
"""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .account import KINDS, Thing, now
from .command_text import Words
from .errors import SqlError, already_exists, does_not_exist
from .history.facts import WarehouseChanged
from .history.warehouses import size_name
from .listings import DONE, like, listing, status

if TYPE_CHECKING:
    from .session import Session


# Kept nowhere: every password and key is accepted.
_SECRETS = {"PASSWORD", "RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2"}


def create(
    session: "Session", kind: str, name: str, properties: dict[str, Any], *, replace: bool, exists_ok: bool
) -> pa.Table:
    if session.account.find(kind, name):
        if exists_ok:
            return status(f"{name} already exists, statement succeeded.")
        if not replace:
            raise already_exists("Object", name)
    comment = str(properties.pop("COMMENT", ""))
    properties = {key: value for key, value in properties.items() if key not in _SECRETS}
    session.account.put(kind, Thing(name, now(), session.role, comment, properties))
    if kind == "WAREHOUSE":
        # Snowflake makes a new warehouse the session's.
        session.warehouse = name
        session.note(WarehouseChanged("CREATE", name, properties))
    return status(f"{KINDS[kind]} {name} successfully created.")


def drop(session: "Session", kind: str, name: str, *, missing_ok: bool) -> pa.Table:
    thing = session.account.find(kind, name)
    if thing is None:
        if missing_ok:
            return status("Drop statement executed successfully.")
        raise does_not_exist(KINDS[kind], name)
    session.account.remove(kind, name)
    if kind == "WAREHOUSE":
        session.note(WarehouseChanged("DROP", name, thing.properties))
        if session.warehouse == name:
            session.warehouse = None
    return status(f"{name} successfully dropped.")


def alter(session: "Session", kind: str, words: Words) -> pa.Table:
    """ALTER ROLE|WAREHOUSE|USER|DATABASE name SET ... | UNSET ... | RENAME TO ... | SUSPEND | RESUME."""
    missing_ok = words.take("IF", "EXISTS")
    name = words.name()
    thing = session.account.find(kind, name)
    if thing is None:
        if missing_ok:
            return status(DONE)
        raise does_not_exist(KINDS[kind], name)
    event = "ALTER"
    if words.take("RENAME", "TO") and kind != "DATABASE":
        session.account.rename(kind, name, words.name())
        event = "RENAME"
    elif words.take("SET"):
        properties = {key: value for key, value in words.properties().items() if key not in _SECRETS}
        thing.comment = str(properties.pop("COMMENT", thing.comment))
        thing.properties.update(properties)
        session.account.put(kind, thing)
    elif words.take("UNSET"):
        while not words.done():
            thing.properties.pop(words.word(), None)
        session.account.put(kind, thing)
    elif kind == "WAREHOUSE" and (
        state := words.one_of("SUSPEND", "RESUME IF SUSPENDED", "RESUME", "ABORT ALL QUERIES")
    ):
        event = "SUSPEND" if state == "SUSPEND" else "RESUME"
        thing.properties["STATE"] = "SUSPENDED" if state == "SUSPEND" else "STARTED"
        session.account.put(kind, thing)
    else:
        raise words.error()
    if kind == "WAREHOUSE":
        session.note(WarehouseChanged(event, thing.name, dict(thing.properties), previous_name=name))
    return status(DONE)


def use(session: "Session", kind: str, name: str) -> pa.Table:
    """USE ROLE | WAREHOUSE: unlike at login, a name nobody made is an error, as in Snowflake."""
    known = session.account.find(kind, name)
    if not known and name != getattr(session, kind.lower()):
        if kind == "WAREHOUSE":
            raise SqlError(
                2043, "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed."
            )
        raise does_not_exist("Role", name)
    setattr(session, kind.lower(), name)
    return status(DONE)


def show_roles(session: "Session", pattern: str | None) -> pa.Table:
    grants = list(session.account.grants.values())
    rows = []
    for role in session.account.things["ROLE"].values():
        if not like(pattern, role.name):
            continue
        given = [g for g in grants if g.granted_on == "ROLE" and g.name == role.name]
        held = [g for g in grants if g.granted_on == "ROLE" and (g.granted_to, g.grantee_name) == ("ROLE", role.name)]
        users = sum(g.granted_to == "USER" for g in given)
        current = "Y" if role.name == session.role else "N"
        rows.append(
            (
                role.created_on,
                role.name,
                "N",
                current,
                "N",
                users,
                len(given) - users,
                len(held),
                role.owner,
                role.comment,
            )
        )
    columns = (
        "created_on",
        "name",
        "is_default",
        "is_current",
        "is_inherited",
        "assigned_to_users",
        "granted_to_roles",
        "granted_roles",
        "owner",
        "comment",
    )
    return listing(columns, rows)


def show_warehouses(session: "Session", pattern: str | None) -> pa.Table:
    columns = (
        "name",
        "state",
        "type",
        "size",
        "min_cluster_count",
        "max_cluster_count",
        "started_clusters",
        "running",
        "queued",
        "is_default",
        "is_current",
        "auto_suspend",
        "auto_resume",
        "available",
        "created_on",
        "resumed_on",
        "updated_on",
        "owner",
        "comment",
        "resource_monitor",
        "scaling_policy",
        "owner_role_type",
    )
    rows = []
    for warehouse in session.account.things["WAREHOUSE"].values():
        if not like(pattern, warehouse.name):
            continue
        get = warehouse.properties.get
        made = warehouse.created_on
        rows.append(
            (
                warehouse.name,
                get("STATE", "STARTED"),
                get("WAREHOUSE_TYPE", "STANDARD"),
                size_name(warehouse.properties),
                get("MIN_CLUSTER_COUNT", 1),
                get("MAX_CLUSTER_COUNT", 1),
                1,
                0,
                0,
                "N",
                "Y" if warehouse.name == session.warehouse else "N",
                get("AUTO_SUSPEND", 600),
                str(get("AUTO_RESUME", True)).lower(),
                "100",
                made,
                made,
                made,
                warehouse.owner,
                warehouse.comment,
                get("RESOURCE_MONITOR", "null"),
                get("SCALING_POLICY", "STANDARD"),
                "ROLE",
            )
        )
    return listing(columns, rows)


def show_users(session: "Session", pattern: str | None) -> pa.Table:
    columns = (
        "name",
        "created_on",
        "login_name",
        "display_name",
        "comment",
        "disabled",
        "default_warehouse",
        "default_namespace",
        "default_role",
        "owner",
        "type",
    )
    rows = []
    for user in session.account.things["USER"].values():
        if like(pattern, user.name):
            get = user.properties.get
            rows.append(
                (
                    user.name,
                    user.created_on,
                    get("LOGIN_NAME", user.name),
                    get("DISPLAY_NAME", user.name),
                    user.comment,
                    str(get("DISABLED", False)).lower(),
                    get("DEFAULT_WAREHOUSE", ""),
                    get("DEFAULT_NAMESPACE", ""),
                    get("DEFAULT_ROLE", ""),
                    user.owner,
                    get("TYPE", "PERSON"),
                )
            )
    return listing(columns, rows)
