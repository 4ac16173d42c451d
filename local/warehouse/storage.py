"""The DuckDB instance behind all sessions, and the files it persists to.

One file per Snowflake database, one for fakesnow's own metadata, one directory for stages. fakesnow's server keeps
everything in memory and opens files per session; here one instance owns them all, attaches every one at start, and
checkpoints while it runs, so that a restart or a kill -9 finds the data and finds it quickly.
"""

import logging
import re
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import duckdb
from fakesnow import info_schema, macros
from fakesnow.instance import GLOBAL_DATABASE_NAME
from fakesnow.transforms import show, stage

from . import views
from .account import Account, Thing, now
from .account_usage.catalog import DATABASE as USAGE
from .account_usage.usage import Usage
from .account_usage.visibility import Visibility
from .errors import SqlError, already_exists, does_not_exist
from .history.facts import Dropped
from .history.recorder import History
from .history.store import CATALOG as HISTORY

logger = logging.getLogger(__name__)

METADATA = GLOBAL_DATABASE_NAME
RESERVED = {"SYSTEM", "TEMP", "MEMORY", METADATA.upper(), HISTORY.upper(), USAGE}
# A log above this size is folded into its file at the next quiet moment; below it a replay is a matter of milliseconds.
CHECKPOINT_THRESHOLD = "32MB"


class ResultsCache(OrderedDict[str, tuple[Any, ...]]):
    """The last results, for RESULT_SCAN and for results fetched by id; bounded, because clients ask for recent ones."""

    def __init__(self, entries: int = 256, size: int = 64 * 2**20):
        super().__init__()
        self._entries, self._size, self._held = entries, size, 0
        self._lock = threading.Lock()

    def __setitem__(self, key: str, value: tuple[Any, ...]) -> None:
        with self._lock:
            super().__setitem__(key, value)
            self._held += value[0].nbytes
            while len(self) > 1 and (len(self) > self._entries or self._held > self._size):
                _, oldest = self.popitem(last=False)
                self._held -= oldest[0].nbytes


class Storage:
    """Databases, metadata and stages of one data directory."""

    def __init__(self, data_dir: Path, *, threads: int, memory_limit: str, history_days: int, visibility: Visibility):
        self.directory = data_dir / "databases"
        self.directory.mkdir(parents=True, exist_ok=True)
        stages = data_dir / "stages"
        stages.mkdir(exist_ok=True)
        # fakesnow keeps stages in a temporary directory of the process; they belong to the data.
        stage.LOCAL_BUCKET_PATH = str(stages.resolve())
        self.account = Account(data_dir / "account.json")
        self.results = ResultsCache()
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self.duck = duckdb.connect(
            ":memory:",
            config={
                # sqlglot writes DuckDB's older lambda syntax.
                "lambda_syntax": "ENABLE_SINGLE_ARROW",
                "threads": threads,
                "memory_limit": memory_limit,
                "temp_directory": str(data_dir / "spill"),
                "checkpoint_threshold": CHECKPOINT_THRESHOLD,
                # An extension that is not built in would be a download in the middle of a statement.
                "autoinstall_known_extensions": False,
            },
        )
        self.duck.execute("SET GLOBAL TimeZone = 'UTC'")
        # Keeps JSON and HUGEINT apart from text and floats in results.
        self.duck.execute("SET GLOBAL arrow_lossless_conversion = true")
        self.history = History(self.duck, data_dir / "history.db", keep_days=history_days)
        self._attach_metadata(data_dir)
        self.duck.execute(macros.creation_sql("memory"))
        for path in sorted(self.directory.glob("*.db")):
            self._attach(path.stem)
        self.history.start(self.database_names(), self.account)
        self.usage = Usage(self.duck, self.account, data_dir / "account.json", visibility)
        self._drop_leftovers()

    def _attach_metadata(self, data_dir: Path) -> None:
        self.duck.execute(f"ATTACH '{_literal(data_dir / 'metadata.db')}' AS {METADATA}")
        # Views come from the code of this version, not of the one that made the file.
        self.duck.execute(_replacing_views(info_schema.fs_global_creation_sql()))
        self.duck.execute(_replacing_views(show.fs_global_creation_sql()))
        self.duck.execute(views.metadata_sql())

    def _attach(self, name: str) -> None:
        self.duck.execute(f"ATTACH '{_literal(self.directory / name)}.db' AS {name}")
        self.duck.execute(_replacing_views(info_schema.per_db_creation_sql(name)))
        self.duck.execute(macros.creation_sql(name))
        self.duck.execute(views.database_sql(name))
        if not self.account.find("DATABASE", name):
            self.account.put("DATABASE", Thing(name, now()))

    def cursor(self) -> duckdb.DuckDBPyConnection:
        return self.duck.cursor()

    def database_names(self) -> list[str]:
        return sorted(self.account.things["DATABASE"])

    def create_database(self, name: str, *, replace: bool, exists_ok: bool, comment: str, owner: str) -> bool:
        """Make a database with its PUBLIC schema; False if it was there already."""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name.upper() in RESERVED:
            raise SqlError(
                1008, "22023", f"The local warehouse cannot name a database '{name}'; use letters, digits, _."
            )
        with self._lock:
            if self.account.find("DATABASE", name):
                if exists_ok:
                    return False
                if not replace:
                    raise already_exists("Object", name)
                self.drop_database(name, missing_ok=True)
            self.account.put("DATABASE", Thing(name, now(), owner=owner, comment=comment))
            self._attach(name)
            self.duck.execute(f'CREATE SCHEMA IF NOT EXISTS "{name}"."PUBLIC"')
            return True

    def drop_database(self, name: str, *, missing_ok: bool) -> bool:
        with self._lock:
            if not self.account.find("DATABASE", name):
                if missing_ok:
                    return False
                raise does_not_exist("Database", name)
            self.duck.execute(f'DETACH "{name}"')
            for suffix in ("db", "db.wal"):
                (self.directory / f"{name}.{suffix}").unlink(missing_ok=True)
            with self.cursor() as cursor:
                for table in ("_fs_stages", "_fs_file_formats"):
                    cursor.execute(
                        f"DELETE FROM {METADATA}._fs_information_schema.{table} WHERE database_name = ?", [name]
                    )
            self.account.object_dropped(name)
            self.account.remove("DATABASE", name)
            return True

    def record_text_lengths(self, database: str, schema: str, table: str, lengths: list[tuple[str, int]]) -> None:
        """Kept apart from the statement: DuckDB lets a transaction write to one database only."""
        with self._lock, self.cursor() as cursor:
            cursor.execute(info_schema.insert_text_lengths_sql(database, schema, table, lengths))

    def _drop_leftovers(self) -> None:
        """Temporary objects of sessions that never logged out."""
        for name, kind in list(self.account.temporary.items()):
            self.drop_temporary(name, kind)

    def drop_temporary(self, name: str, kind: str) -> None:
        quoted = ".".join(f'"{part}"' for part in name.split("."))
        try:
            self.duck.cursor().execute(f"DROP {kind} IF EXISTS {quoted}")
        except duckdb.Error as error:
            logger.warning("temporary %s %s could not be dropped: %s", kind.lower(), name, error)
            return
        self.account.forget_temporary(name)
        self.history.note(Dropped(name))

    def checkpoint(self) -> None:
        """Fold each database's log into its file; one that is being written now is left for the next round."""
        with self.cursor() as cursor:
            for name in (METADATA, HISTORY, *self.database_names()):
                log = self.directory / f"{name}.db.wal"
                if name not in {METADATA, HISTORY} and not log.exists():
                    continue
                try:
                    cursor.execute(f'CHECKPOINT "{name}"')
                except duckdb.Error as error:
                    logger.info("checkpoint of %s put off: %s", name, str(error).splitlines()[0])
        self.history.measure()

    def keep_checkpointing(self, every_seconds: float) -> None:
        """Run until `close`; DuckDB checkpoints by itself only when no other session is inside a transaction."""
        while not self._stopping.wait(every_seconds):
            self.checkpoint()

    def close(self) -> None:
        self._stopping.set()
        self.history.flush()
        self.checkpoint()
        self.history.close()
        self.duck.close()


def _replacing_views(sql: str) -> str:
    return re.sub(r"create view if not exists", "create or replace view", sql, flags=re.IGNORECASE)


def _literal(path: Path) -> str:
    return str(path).replace("'", "''")
