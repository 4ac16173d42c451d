"""The SQL destination-snowflake v4 writes: direct load, upper-case quoted names, MERGE for dedup."""

from __future__ import annotations

import re
from pathlib import Path

from local.airbyte.engine.columns import META_COLUMNS
from local.airbyte.engine.plan import StreamPlan

_PLAIN = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
# \N is NULL and "" an empty text; with Snowflake's defaults both would be NULL.
FILE_FORMAT = (
    "FILE_FORMAT = (TYPE = CSV COMPRESSION = GZIP FIELD_OPTIONALLY_ENCLOSED_BY = '\"' "
    "EMPTY_FIELD_AS_NULL = FALSE NULL_IF = ('\\\\N'))"
)


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Target:
    """The tables of one stream in one database, and the statements on them.

    `final` is what people read. `loading` holds the rows of one batch. `replacement` is filled by an overwrite and
    becomes `final` when the stream is complete, so that the old rows stay visible until then.
    """

    def __init__(self, database: str, plan: StreamPlan) -> None:
        self._plan = plan
        self._schema = (database, plan.schema)
        self.final = self._name(plan.table)
        self.loading = self._name(f"{plan.table}_AIRBYTE_LOADING")
        self.replacement = self._name(f"{plan.table}_AIRBYTE_REPLACEMENT")
        self.destination = self.replacement if plan.overwrite else self.final
        self.column_names = [name for name, _ in META_COLUMNS] + [column.name for column in plan.columns]

    def _name(self, table: str) -> str:
        return ".".join(quote(part) for part in (*self._schema, table))

    @property
    def stage(self) -> str:
        """The schema's stage. Names stay bare where they can: PUT takes no quoted stage everywhere."""
        parts = [part if _PLAIN.match(part) else quote(part) for part in self._schema]
        return ".".join([*parts, "AIRBYTE_STAGE"])

    @property
    def _columns(self) -> str:
        return ", ".join(quote(name) for name in self.column_names)

    def create_schema(self) -> str:
        return f"CREATE SCHEMA IF NOT EXISTS {'.'.join(quote(part) for part in self._schema)}"

    def create_stage(self) -> str:
        return f"CREATE STAGE IF NOT EXISTS {self.stage}"

    def create(self, table: str, *, replace: bool = False) -> str:
        columns = [f"{quote(name)} {kind}" for name, kind in META_COLUMNS]
        columns += [f"{quote(column.name)} {column.type}" for column in self._plan.columns]
        verb = "CREATE OR REPLACE TABLE" if replace else "CREATE TABLE IF NOT EXISTS"
        return f"{verb} {table} ({', '.join(columns)})"

    def add_missing(self, present: set[str]) -> list[str]:
        """One ALTER TABLE for each column the stream has and the table has not."""
        missing = [column for column in self._plan.columns if column.name not in present]
        return [f"ALTER TABLE {self.final} ADD COLUMN {quote(column.name)} {column.type}" for column in missing]

    def put(self, file: Path, folder: str) -> str:
        return f"PUT file://{file} @{self.stage}/{folder}/ AUTO_COMPRESS = FALSE OVERWRITE = TRUE"

    def copy(self, folder: str) -> str:
        return f"COPY INTO {self.loading} FROM @{self.stage}/{folder}/ {FILE_FORMAT} PURGE = TRUE"

    def insert(self) -> str:
        return f"INSERT INTO {self.destination} ({self._columns}) SELECT {self._columns} FROM {self.loading}"

    def merge(self) -> str:
        """Newest record of each key into the destination; a row already there gives way only to a newer one."""
        keys = [quote(self._plan.column(path[0])) for path in self._plan.primary_key]
        cursor = quote(self._plan.column(self._plan.cursor_field[0])) if self._plan.cursor_field else None
        order = f'{cursor} DESC NULLS LAST, "_AIRBYTE_EXTRACTED_AT" DESC' if cursor else '"_AIRBYTE_EXTRACTED_AT" DESC'
        matches = " AND ".join(f"target_table.{key} IS NOT DISTINCT FROM new_record.{key}" for key in keys)
        updates = ", ".join(f"{quote(name)} = new_record.{quote(name)}" for name in self.column_names)
        values = ", ".join(f"new_record.{quote(name)}" for name in self.column_names)
        return f"""MERGE INTO {self.destination} AS target_table USING (
  SELECT {self._columns} FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY {", ".join(keys)} ORDER BY {order}) AS "row_number" FROM {self.loading}
  ) WHERE "row_number" = 1
) AS new_record ON {matches}
WHEN MATCHED AND ({_newer(cursor)}) THEN UPDATE SET {updates}
WHEN NOT MATCHED THEN INSERT ({self._columns}) VALUES ({values})"""

    def swap(self) -> list[str]:
        """Put the replacement in the place of the final table."""
        return [f"DROP TABLE IF EXISTS {self.final}", f"ALTER TABLE {self.replacement} RENAME TO {self.final}"]

    def truncate(self) -> str:
        return f"TRUNCATE TABLE {self.final}"

    def drop_loading(self) -> str:
        return f"DROP TABLE IF EXISTS {self.loading}"


def _newer(cursor: str | None) -> str:
    """Whether the new record is newer than the row: by cursor, and by time of extraction where cursors are equal."""
    extracted = 'target_table."_AIRBYTE_EXTRACTED_AT" < new_record."_AIRBYTE_EXTRACTED_AT"'
    if cursor is None:
        return extracted
    old, new = f"target_table.{cursor}", f"new_record.{cursor}"
    return (
        f"{old} < {new} OR ({old} = {new} AND {extracted}) OR ({old} IS NULL AND {new} IS NULL AND {extracted})"
        f" OR ({old} IS NULL AND {new} IS NOT NULL)"
    )
