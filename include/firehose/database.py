"""The outbox's database: the engine of the dispatcher, and its schema.

The schema is plain SQL in numbered files: a handful of tables needs no migration framework, and whoever reads them sees
what the database sees.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, create_engine, text

SCHEMA = Path(__file__).parent / "schema"
# A commit that says "sent" must outlive a crash of the server, whatever the server's own default is: once forgotten,
# the message is posted again.
_DURABLE = "-c synchronous_commit=on"
# Any constant will do, as long as nothing else in this database uses it.
_MIGRATION_LOCK = 4_708_201


class SchemaError(RuntimeError):
    """The database and the files of schema/ do not belong together."""


def engine(dsn: str) -> Engine:
    """An engine for a process with one thread; connections that the server dropped are replaced on use."""
    return create_engine(
        dsn,
        pool_size=1,
        max_overflow=1,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "options": f"{_DURABLE} -c statement_timeout=30000",
            "application_name": "firehose",
        },
    )


def migrate(outbox: Engine) -> list[str]:
    """Apply the files of schema/ that this database has not had, in order and all or none; returns their names.

    Raises SchemaError when the database is newer than the code.
    """
    files = sorted(SCHEMA.glob("[0-9]*.sql"))
    with outbox.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.execute(
            text("create table if not exists migration (name text primary key, applied_at timestamptz default now())")
        )
        present = set(connection.scalars(text("select name from migration")))
        if unknown := present - {file.name for file in files}:
            raise SchemaError(
                f"The outbox has migrations this code does not know ({', '.join(sorted(unknown))}): "
                "deploy the newer code, or use another database."
            )
        missing = [file for file in files if file.name not in present]
        for file in missing:
            # Past SQLAlchemy, which would send parameters, and with parameters a file may hold one statement only.
            connection.connection.cursor().execute(file.read_text())
            connection.execute(text("insert into migration (name) values (:name)"), {"name": file.name})
    return [file.name for file in missing]
