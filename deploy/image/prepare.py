"""Everything that must be there before the platform starts: databases, schemas, pools, people.

Run at every start and at every deployment, before the other containers: what is there is left as it is. Databases and
accounts are made only where POSTGRES_HOST says which server is ours; elsewhere somebody has made them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
# A database and an account of the same name each; the variable holds the account's password.
DATABASES = {
    "airflow": "AIRFLOW_DB_PASSWORD",
    "firehose": "FIREHOSE_DB_PASSWORD",
    "storefront": "STOREFRONT_DB_PASSWORD",
}


@dataclass(frozen=True)
class Person:
    """Who may log in: an account of Airflow, its role, and the variable that holds its first password.

    A service's password is what the variable says at each start; a person's is set once, and then theirs to change.
    """

    name: str
    role: str
    variable: str
    service: bool = False


PEOPLE = (
    Person("admin", "Admin", "AIRFLOW_ADMIN_PASSWORD"),
    Person("operator", "Op", "AIRFLOW_OPERATOR_PASSWORD"),
    Person("viewer", "Viewer", "AIRFLOW_VIEWER_PASSWORD"),
    # Reads runs and the audit log, which the role Viewer may not.
    Person("firehose", "Admin", "FIREHOSE_AIRFLOW_PASSWORD", service=True),
)


def databases(variables: Mapping[str, str]) -> None:
    """Make the databases and their accounts, and give the accounts the passwords that the variables hold."""
    if not variables.get("POSTGRES_HOST"):
        return
    host, port, password = (variables[f"POSTGRES_{part}"] for part in ("HOST", "PORT", "PASSWORD"))
    with psycopg.connect(host=host, port=port, user="postgres", password=password, autocommit=True) as connection:
        for name, variable in DATABASES.items():
            identifier, secret = sql.Identifier(name), sql.Literal(variables[variable])
            known = connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone()
            verb = sql.SQL("alter" if known else "create")
            connection.execute(sql.SQL("{} role {} login password {}").format(verb, identifier, secret))
            if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("create database {} owner {}").format(identifier, identifier))
                print(f"Made the database {name}.")


def people(variables: Mapping[str, str]) -> None:
    """Make the accounts of Airflow that are missing and have a password to begin with."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        for person in PEOPLE:
            password = variables.get(person.variable, "")
            found = manager.find_user(username=person.name)
            if not password:
                continue
            if found is None:
                role = manager.find_role(person.role)
                address = f"{person.name}@backbeat.invalid"
                if not manager.add_user(person.name, person.name.title(), "", address, role, password):
                    raise RuntimeError(f"Airflow did not make the account {person.name}; its log above says why.")
                print(f"Made the account {person.name}, with the role {person.role}.")
            elif person.service:
                manager.reset_password(found.id, password)


def run(*command: str) -> None:
    """Run a command; its failure ends this program with its exit code."""
    result = subprocess.run(command, cwd=ROOT)
    if result.returncode:
        sys.exit(result.returncode)


def main() -> None:
    """Make everything, in the order in which it stands on each other."""
    databases(os.environ)
    if "--databases-only" in sys.argv:
        # A backup brings the rest (deploy/compose/restore.sh).
        return
    run("airflow", "db", "migrate")
    run("airflow", "pools", "import", str(ROOT / "config" / "pools.json"))
    people(os.environ)
    run(sys.executable, "-m", "include.firehose", "migrate")


if __name__ == "__main__":
    main()
