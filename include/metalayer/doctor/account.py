"""What stands around the questions: the warehouse that answers them, their time, the place that keeps answers."""

from __future__ import annotations

from collections.abc import Iterator

from include.metalayer import history, refusal
from include.metalayer.doctor.finding import Finding, Problem, Session, first_line

# More than a minute of doing nothing would be paid for at every look.
LONGEST_AUTO_SUSPEND = 60
# Whoever may see what others run on a warehouse.
WATCHING = frozenset({"MONITOR", "OPERATE", "OWNERSHIP"})
UTC = ("UTC", "Etc/UTC")
KEPT_IN = history.TABLE.rpartition(".")[0]

_WAREHOUSES = """
select distinct warehouse_name from snowflake.account_usage.warehouse_metering_history
where start_time >= dateadd('day', -14, current_timestamp()) and warehouse_id > 0 order by 1
"""
_USER_TYPE = "select type from snowflake.account_usage.users where name = current_user() and deleted_on is null"


def examine(session: Session) -> list[Finding]:
    """Raises what the connector raises where nothing is expected to go wrong."""
    return [_warehouse(session), _time_zone(session), _kept(session), _user(session), *_watched(session)]


def _warehouse(session: Session) -> Finding:
    subject = "warehouse"
    if session.warehouse is None:
        return Finding(
            subject=subject,
            problem=Problem.WAREHOUSE,
            blocks=True,
            words=f"The connection names no warehouse that {session.role} may use.",
            mend=f"grant usage on warehouse {refusal.WAREHOUSE} to role {session.role};",
        )
    found = session.listed(f"show warehouses like '{session.warehouse}'")
    seconds = int(found[0]["auto_suspend"] or 0) if found else 0
    if 0 < seconds <= LONGEST_AUTO_SUSPEND:
        return Finding(subject=subject, words=f"{session.warehouse} stops after {seconds} s without work.")
    return Finding(
        subject=subject,
        problem=Problem.SETTING,
        words=f"{session.warehouse} " + (f"runs on for {seconds} s after each look." if seconds else "never stops."),
        mend=f"alter warehouse {session.warehouse} set auto_suspend = {LONGEST_AUTO_SUSPEND};",
    )


def _time_zone(session: Session) -> Finding:
    (parameter,) = session.listed("show parameters like 'TIMEZONE' in session")
    if parameter["value"] in UTC:
        return Finding(subject="time zone", words="Sessions are in UTC.")
    mend = f"alter user {session.user} set timezone = 'UTC';"
    words = f"Sessions are in {parameter['value']}, so days and hours would not be those of the bill."
    return Finding(subject="time zone", problem=Problem.SETTING, blocks=True, words=words, mend=mend)


def _kept(session: Session) -> Finding:
    """Whether answers can be kept: a table made, written and dropped beside theirs."""
    table = f"{KEPT_IN}.DOCTOR"
    try:
        for statement in (
            f"create or replace transient table {table} (at timestamp_ntz)",
            f"insert into {table} select current_timestamp()::timestamp_ntz",
            f"drop table {table}",
        ):
            session.rows(statement)
    except Exception as error:
        grant = f"grant usage, create table on schema {KEPT_IN} to role {session.role};"
        mend = f"{grant} -- or run {refusal.SETUP} again, which also makes it"
        words = f"{session.role} cannot keep answers in {KEPT_IN}. ({first_line(error)})"
        return Finding(subject="answers", problem=Problem.GRANT, blocks=True, words=words, mend=mend)
    return Finding(subject="answers", words=f"They can be kept in {KEPT_IN}.")


def _watched(session: Session) -> Iterator[Finding]:
    """Each warehouse in use whose running statements the role cannot see."""
    subject = "running now"
    try:
        names = [name for (name,) in session.rows(_WAREHOUSES)]
    except Exception as error:
        words = f"Nobody can tell which warehouses are in use. ({first_line(error)})"
        yield Finding(subject=subject, problem=Problem.OTHER, words=words)
        return
    unseen = [name for name in names if not _watches(session, name)]
    for name in unseen:
        words = f"Of what runs on {name}, {session.role} sees its own statements only."
        mend = f"grant monitor on warehouse {name} to role {session.role};"
        yield Finding(subject=subject, problem=Problem.GRANT, words=words, mend=mend)
    if not unseen:
        yield Finding(subject=subject, words=f"{session.role} sees what runs on every warehouse in use.")


def _user(session: Session) -> Finding:
    try:
        found = [kind for (kind,) in session.rows(_USER_TYPE)]
    except Exception as error:
        words = f"Nobody can tell what type {session.user} is. ({first_line(error)})"
        return Finding(subject="user", problem=Problem.OTHER, words=words)
    if not found:
        return Finding(subject="user", words=f"{session.user} is too new for Snowflake to tell its type.")
    if found == ["SERVICE"]:
        return Finding(subject="user", words=f"{session.user} is a service: it has no password to lose.")
    mend = f"alter user {session.user} set type = service;"
    words = f"{session.user} is a person's user, so it may have a password and be asked for a second factor."
    return Finding(subject="user", problem=Problem.SETTING, words=words, mend=mend)


def _watches(session: Session, warehouse: str) -> bool:
    return any((privilege, "WAREHOUSE", warehouse) in session.privileges for privilege in WATCHING)
