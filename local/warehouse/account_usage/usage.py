"""The account's history as one server serves it: the views, the books behind them, and who may read what."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from include.metalayer import contract
from include.metalayer.contract import View

from . import catalog
from .ledger import Ledger
from .visibility import Visibility

if TYPE_CHECKING:
    from local.warehouse.account import Account, Grant

ALL_POWERFUL = "ACCOUNTADMIN"
# Each of them shows what others run on a warehouse.
_WATCHING = {"MONITOR", "OPERATE", "OWNERSHIP"}


class Usage:
    """SNOWFLAKE.ACCOUNT_USAGE and the table functions of INFORMATION_SCHEMA of one server."""

    def __init__(self, duck: duckdb.DuckDBPyConnection, account: "Account", account_file: Path, visibility: Visibility):
        self._duck = duck
        self._account = account
        self._account_file = account_file
        self._visibility = visibility
        self._views = contract.load()
        self._lock = threading.Lock()
        self._ledger: Ledger | None = None

    def prepare(self) -> None:
        """Before anybody reads; the first caller makes the views and works out the past, and others wait for that."""
        with self._lock:
            if self._ledger is None:
                with self._duck.cursor() as cursor:
                    views = self._views.values()
                    catalog.install(cursor, views, account_file=self._account_file, visibility=self._visibility)
                self._ledger = Ledger(self._duck)
            self._ledger.settle()

    def view(self, name: str) -> View | None:
        return self._views.get(f"ACCOUNT_USAGE.{name}")

    def function(self, name: str) -> View | None:
        return self._views.get(f"INFORMATION_SCHEMA.{name}")

    def may_read(self, view: str, role: str) -> bool:
        """Whether Snowflake would let the role; always, unless grants are enforced."""
        known = self.view(view)
        if known is None or not self._visibility.enforce_grants or role == ALL_POWERFUL:
            return True
        enough = {("DATABASE_ROLE", f"{catalog.DATABASE}.{name}") for name in known.database_roles}
        return any(
            (grant.granted_on, grant.name) in enough
            or (grant.privilege, grant.name) == ("IMPORTED PRIVILEGES", catalog.DATABASE)
            for grant in self._granted(role)
        )

    def watched(self, role: str) -> set[str] | None:
        """The warehouses whose statements the role sees besides its user's own; None is all of them."""
        if not self._visibility.enforce_grants or role == ALL_POWERFUL:
            return None
        return {
            grant.name
            for grant in self._granted(role)
            if grant.granted_on == "WAREHOUSE" and grant.privilege in _WATCHING
        }

    def _granted(self, role: str) -> Iterator["Grant"]:
        """What a role has, with what the roles granted to it have."""
        grants = list(self._account.grants.values())
        waiting, seen = [role, "PUBLIC"], {role, "PUBLIC"}
        while waiting:
            holder = waiting.pop()
            for grant in grants:
                if (grant.granted_to, grant.grantee_name) != ("ROLE", holder):
                    continue
                yield grant
                if grant.granted_on == "ROLE" and grant.name not in seen:
                    seen.add(grant.name)
                    waiting.append(grant.name)
