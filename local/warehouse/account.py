"""What an account holds beside data: roles, warehouses, users, databases and grants.

DuckDB has none of these. They are kept as facts in one small file, so that SHOW answers what was declared and dbt's
grants round-trip; nothing here is enforced. The file is replaced as a whole, so a kill leaves the old or the new one.
"""

import datetime
import json
import os
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SYSTEM_ROLES = ("ACCOUNTADMIN", "ORGADMIN", "SECURITYADMIN", "USERADMIN", "SYSADMIN", "PUBLIC")
DEFAULT_ROLE = "ACCOUNTADMIN"
KINDS = {
    "ROLE": "Role",
    "WAREHOUSE": "Warehouse",
    "USER": "User",
    "DATABASE": "Database",
    "RESOURCE MONITOR": "Resource monitor",
}
# Those that are facts and nothing else.
ROLE_KINDS = ("ROLE", "WAREHOUSE", "USER", "RESOURCE MONITOR")
# What is set on a user and holds for each of its sessions.
SESSION_PARAMETERS = ("QUERY_TAG", "STATEMENT_TIMEOUT_IN_SECONDS", "TIMEZONE")
DEFAULT_WAREHOUSE = "COMPUTE_WH"


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()


@dataclass
class Thing:
    """One named object of the account; `properties` holds what the statement set, in upper case."""

    name: str
    created_on: str
    owner: str = DEFAULT_ROLE
    comment: str = ""
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Grant:
    """`privilege` on an object (or USAGE of a role) given to a role or user."""

    privilege: str
    granted_on: str
    name: str
    granted_to: str
    grantee_name: str
    grant_option: bool = False
    granted_by: str = DEFAULT_ROLE
    created_on: str = ""

    def key(self) -> tuple[str, ...]:
        return self.privilege, self.granted_on, self.name, self.granted_to, self.grantee_name


class Account:
    """The facts of one account, in memory and in `account.json`."""

    def __init__(self, path: Path):
        self._path = path
        self._lock = threading.RLock()
        self.things: dict[str, dict[str, Thing]] = {kind: {} for kind in KINDS}
        self.grants: dict[tuple[str, ...], Grant] = {}
        self.future_grants: dict[tuple[str, ...], Grant] = {}
        self.temporary: dict[str, str] = {}
        if path.is_file():
            self._read()
        else:
            for role in SYSTEM_ROLES:
                self.things["ROLE"][role] = Thing(role, now(), owner="")
            self.things["WAREHOUSE"][DEFAULT_WAREHOUSE] = Thing(DEFAULT_WAREHOUSE, now())
            self._write()

    def find(self, kind: str, name: str | None) -> Thing | None:
        return self.things[kind].get(name) if name else None

    def put(self, kind: str, thing: Thing) -> None:
        with self._lock:
            self.things[kind][thing.name] = thing
            self._write()

    def remove(self, kind: str, name: str) -> None:
        with self._lock:
            self.things[kind].pop(name, None)
            gone = (kind, name)
            self._forget(lambda g: (g.granted_on, g.name) == gone or (g.granted_to, g.grantee_name) == gone)
            self._write()

    def rename(self, kind: str, name: str, new_name: str) -> None:
        with self._lock:
            thing = self.things[kind].pop(name)
            thing.name = new_name
            self.things[kind][new_name] = thing
            self._write()

    def grant(self, grants: Iterable[Grant], *, future: bool = False) -> None:
        with self._lock:
            book = self.future_grants if future else self.grants
            for grant in grants:
                book.setdefault(grant.key(), grant)
            self._write()

    def revoke(self, grants: Iterable[Grant], *, future: bool = False) -> None:
        with self._lock:
            book = self.future_grants if future else self.grants
            for grant in grants:
                book.pop(grant.key(), None)
            self._write()

    def object_created(self, kind: str, name: str, *, keep_grants: bool) -> None:
        """A new object has no grants of its predecessor (unless COPY GRANTS) and gets the future ones."""
        database, schema = name.split(".")[:2]
        scopes = {("SCHEMA", f"{database}.{schema}"), ("DATABASE", database)}
        with self._lock:
            due = [
                Grant(g.privilege, kind, name, g.granted_to, g.grantee_name, g.grant_option, g.granted_by, now())
                for g in self.future_grants.values()
                if (g.granted_on.partition(" ")[2], g.name) in scopes and g.granted_on.partition(" ")[0] == kind
            ]
            forgotten = 0 if keep_grants else self._forget(lambda g: g.name == name and g.granted_on in _RELATIONS)
            if due or forgotten:
                for grant in due:
                    self.grants[grant.key()] = grant
                self._write()

    def object_dropped(self, name: str) -> None:
        """Drop the grants of an object and of everything inside it."""
        with self._lock:
            if self._forget(lambda g: g.name == name or g.name.startswith(name + ".")):
                self._write()

    def object_renamed(self, name: str, new_name: str) -> None:
        with self._lock:
            moved = [g for g in self.grants.values() if g.name == name and g.granted_on in _RELATIONS]
            for grant in moved:
                del self.grants[grant.key()]
                renamed = Grant(**{**asdict(grant), "name": new_name})
                self.grants[renamed.key()] = renamed
            if moved:
                self._write()

    def remember_temporary(self, name: str, kind: str) -> None:
        """Temporary objects are real ones here, so a crash must not make them permanent."""
        with self._lock:
            self.temporary[name] = kind
            self._write()

    def forget_temporary(self, name: str) -> None:
        with self._lock:
            if self.temporary.pop(name, None):
                self._write()

    def _forget(self, matches: Any) -> int:
        count = 0
        for book in (self.grants, self.future_grants):
            for key in [key for key, grant in book.items() if matches(grant)]:
                del book[key]
                count += 1
        return count

    def _read(self) -> None:
        content = json.loads(self._path.read_text())
        for kind in KINDS:
            self.things[kind] = {name: Thing(**thing) for name, thing in content["things"].get(kind, {}).items()}
        for book, name in ((self.grants, "grants"), (self.future_grants, "future_grants")):
            for fields in content[name]:
                grant = Grant(**fields)
                book[grant.key()] = grant
        self.temporary = content["temporary"]

    def _write(self) -> None:
        content = {
            "things": {kind: {n: asdict(thing) for n, thing in things.items()} for kind, things in self.things.items()},
            "grants": [asdict(grant) for grant in self.grants.values()],
            "future_grants": [asdict(grant) for grant in self.future_grants.values()],
            "temporary": self.temporary,
        }
        partial = self._path.with_suffix(".partial")
        with partial.open("w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)


_RELATIONS = ("TABLE", "VIEW")
