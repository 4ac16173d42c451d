"""Stages and COPY, the way the Airbyte loader uses them."""

from __future__ import annotations

import csv
import datetime
import gzip
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from tests.contracts.warehouse.connections import rows, value

COLUMNS = (
    '"_AIRBYTE_RAW_ID" VARCHAR NOT NULL, "_AIRBYTE_EXTRACTED_AT" TIMESTAMP_TZ NOT NULL, '
    '"_AIRBYTE_META" VARIANT NOT NULL, '
    '"_AIRBYTE_GENERATION_ID" NUMBER, "ID" NUMBER, "CODE" VARCHAR, "NOTE" VARCHAR, "PAYLOAD" OBJECT, "TAGS" ARRAY, '
    '"AMOUNT" FLOAT, "UPDATED_AT" TIMESTAMP_TZ, "PRICE" NUMBER(12, 2)'
)
CSV = "FILE_FORMAT = (TYPE = CSV FIELD_OPTIONALLY_ENCLOSED_BY = '\"' COMPRESSION = GZIP)"
NASTY = 'line\nbreak, "quoted", it\'s; back\\slash'


def record(number: int, updated_at: str | None = "2026-02-03T04:05:06.123456Z") -> list[str | None]:
    meta = json.dumps({"sync_id": 1, "changes": []})
    payload = json.dumps({"a": {"b": [number]}, "s": NASTY})
    return [
        f"raw-{number}",
        "2026-02-03 07:00:00.000 +0200",
        meta,
        "0",
        str(number),
        "00123",
        NASTY,
        payload,
        '["x", 1]',
        "1.5",
        updated_at,
        "10.10",
    ]


def write(path: Path, records: list[list[str | None]], line_end: str = "\n") -> Path:
    with gzip.open(path, "wt", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_MINIMAL, lineterminator=line_end).writerows(records)
    return path


@pytest.fixture
def stage(session: SnowflakeConnection, schema: str) -> str:
    rows(session, f"create table orders ({COLUMNS})")
    rows(session, "create stage if not exists airbyte_stage")
    return f"@CONTRACTS.{schema}.AIRBYTE_STAGE"


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_csv_file_arrives_as_it_is(session: SnowflakeConnection, stage: str, tmp_path: Path, line_end: str) -> None:
    file = write(tmp_path / "a.csv.gz", [record(1), record(2, updated_at=None)], line_end)
    uploaded = rows(session, f"PUT file://{file} {stage}/run1/ AUTO_COMPRESS = FALSE")
    assert uploaded[0][6] == "UPLOADED"
    copied = rows(session, f"COPY INTO orders FROM {stage}/run1/ {CSV}")
    assert copied[0][1:4] == ("LOADED", 2, 2)
    found = rows(
        session,
        "select id, code, note, payload:a.b[0]::int, payload:s::varchar, tags[0]::varchar, updated_at, price "
        "from orders order by id",
    )
    moment = datetime.datetime(2026, 2, 3, 4, 5, 6, 123456, tzinfo=datetime.UTC)
    assert found == [
        (1, "00123", NASTY, 1, NASTY, "x", moment, Decimal("10.10")),
        (2, "00123", NASTY, 2, NASTY, "x", None, Decimal("10.10")),
    ]


def test_offsets_with_a_space_and_long_fields_arrive(session: SnowflakeConnection, stage: str, tmp_path: Path) -> None:
    long = record(1)
    long[6] = "x" * 16_000_000
    rows(session, f"PUT file://{write(tmp_path / 'long.csv.gz', [long])} {stage}/long/ AUTO_COMPRESS = FALSE")
    rows(session, f"COPY INTO orders FROM {stage}/long/ {CSV}")
    extracted = datetime.datetime(2026, 2, 3, 5, tzinfo=datetime.UTC)
    assert rows(session, 'select "_AIRBYTE_EXTRACTED_AT", length(note) from orders') == [(extracted, 16_000_000)]


def test_a_column_list_chooses_where_the_fields_go(session: SnowflakeConnection, stage: str, tmp_path: Path) -> None:
    names = [part.strip().split('"')[1] for part in COLUMNS.replace("NUMBER(12, 2)", "NUMBER").split(",")]
    backwards = write(tmp_path / "b.csv.gz", [record(1)[::-1]])
    rows(session, f"PUT file://{backwards} {stage}/b/ AUTO_COMPRESS = FALSE")
    columns = ", ".join(f'"{name}"' for name in reversed(names))
    rows(session, f"COPY INTO orders ({columns}) FROM {stage}/b/ {CSV}")
    assert rows(session, 'select "_AIRBYTE_RAW_ID", id, price from orders') == [("raw-1", 1, Decimal("10.10"))]


def test_a_file_is_loaded_once(session: SnowflakeConnection, stage: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv.gz", [record(1)])
    rows(session, f"PUT file://{file} {stage}/run1/ AUTO_COMPRESS = FALSE")
    assert rows(session, f"COPY INTO orders FROM {stage}/run1/ {CSV}")[0][1] == "LOADED"
    assert rows(session, f"COPY INTO orders FROM {stage}/run1/ {CSV}")[0][1] == "LOAD_SKIPPED"
    assert rows(session, f"COPY INTO orders FROM {stage}/run1/ {CSV} FORCE = TRUE")[0][1] == "LOADED"
    assert value(session, "select count(*) from orders") == 2


def test_a_bad_value_fails_the_copy_and_loads_nothing(session: SnowflakeConnection, stage: str, tmp_path: Path) -> None:
    bad = record(2)
    bad[4] = "two"
    file = write(tmp_path / "bad.csv.gz", [record(1), bad])
    rows(session, f"PUT file://{file} {stage}/bad/ AUTO_COMPRESS = FALSE")
    with pytest.raises(ProgrammingError, match="'two'"):
        rows(session, f"COPY INTO orders FROM {stage}/bad/ {CSV}")
    assert value(session, "select count(*) from orders") == 0


def test_an_empty_file_and_an_empty_path_load_nothing(session: SnowflakeConnection, stage: str, tmp_path: Path) -> None:
    rows(session, f"PUT file://{write(tmp_path / 'none.csv.gz', [])} {stage}/none/ AUTO_COMPRESS = FALSE")
    assert rows(session, f"COPY INTO orders FROM {stage}/none/ {CSV}")[0][1:3] == ("LOADED", 0)
    assert rows(session, f"COPY INTO orders FROM {stage}/nothing-here/ {CSV}")[0][0].startswith("Copy executed with 0")


def test_named_files_and_the_options_of_the_real_loader(
    session: SnowflakeConnection, schema: str, stage: str, tmp_path: Path
) -> None:
    quoted = f'@"CONTRACTS"."{schema}"."AIRBYTE_STAGE"'
    for name, number in (("one.csv.gz", 1), ("two.csv.gz", 2)):
        rows(
            session,
            f"PUT file://{write(tmp_path / name, [record(number)])} {quoted}/run/ "
            "AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
        )
    options = (
        "FILE_FORMAT = (TYPE = 'CSV' COMPRESSION = GZIP FIELD_DELIMITER = ',' RECORD_DELIMITER = '\\n' "
        "FIELD_OPTIONALLY_ENCLOSED_BY = '\"' TRIM_SPACE = FALSE ERROR_ON_COLUMN_COUNT_MISMATCH = TRUE) "
        "ON_ERROR = 'ABORT_STATEMENT' PURGE = TRUE"
    )
    rows(session, f"COPY INTO orders FROM '{quoted}/run/' FILES = ('two.csv.gz') {options}")
    assert rows(session, "select id from orders") == [(2,)]
    assert [row[0] for row in rows(session, f"LIST {quoted}")] == ["airbyte_stage/run/one.csv.gz"]
    with pytest.raises(ProgrammingError, match=r"Remote file 'airbyte_stage/run/three\.csv\.gz' was not found"):
        rows(session, f"COPY INTO orders FROM {quoted}/run/ FILES = ('three.csv.gz') {options}")


def test_files_are_removed_by_path_and_with_their_stage(
    session: SnowflakeConnection, stage: str, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv.gz", [record(1)])
    for path in ("keep", "gone"):
        rows(session, f"PUT file://{file} {stage}/{path}/ AUTO_COMPRESS = FALSE")
    assert rows(session, f"REMOVE {stage}/gone/") == [("airbyte_stage/gone/a.csv.gz", "removed")]
    assert [row[0] for row in rows(session, f"LIST {stage}")] == ["airbyte_stage/keep/a.csv.gz"]
    rows(session, "DROP STAGE airbyte_stage")
    with pytest.raises(ProgrammingError, match="does not exist"):
        rows(session, f"LIST {stage}")
    rows(session, "CREATE STAGE airbyte_stage")
    assert rows(session, f"LIST {stage}") == []


def test_json_and_parquet_load_too(session: SnowflakeConnection, stage: str, tmp_path: Path) -> None:
    lines = tmp_path / "x.json"
    lines.write_text('{"id": 1, "name": "a"}\n{"id": 2, "name": null}\n')
    pq.write_table(pa.table({"id": [1, 2], "name": ["a", None]}), tmp_path / "p.parquet")
    rows(session, "create table documents (v variant)")
    rows(session, "create table people (id number, name varchar)")
    rows(session, f"PUT file://{lines} {stage}/json/")
    rows(session, f"PUT file://{tmp_path / 'p.parquet'} {stage}/parquet/")
    rows(session, f"COPY INTO documents FROM {stage}/json/ FILE_FORMAT = (TYPE = JSON)")
    match = "MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"
    rows(session, f"COPY INTO people FROM {stage}/parquet/ FILE_FORMAT = (TYPE = PARQUET) {match}")
    assert rows(session, "select v:id::int, v:name::varchar from documents order by 1") == [(1, "a"), (2, None)]
    assert rows(session, "select id, name from people order by 1") == [(1, "a"), (2, None)]


def test_a_copy_takes_part_in_its_transaction(session: SnowflakeConnection, stage: str, tmp_path: Path) -> None:
    rows(session, f"PUT file://{write(tmp_path / 'a.csv.gz', [record(1)])} {stage}/t/ AUTO_COMPRESS = FALSE")
    rows(session, "begin")
    rows(session, f"COPY INTO orders FROM {stage}/t/ {CSV}")
    rows(session, "rollback")
    assert value(session, "select count(*) from orders") == 0
    assert rows(session, f"COPY INTO orders FROM {stage}/t/ {CSV}")[0][1] == "LOADED"


def test_a_load_works_from_a_session_that_stands_elsewhere(
    session: SnowflakeConnection, schema: str, stage: str, tmp_path: Path
) -> None:
    rows(session, f"PUT file://{write(tmp_path / 'a.csv.gz', [record(1)])} {stage}/x/ AUTO_COMPRESS = FALSE")
    rows(session, "create database if not exists ELSEWHERE")
    rows(session, "use database ELSEWHERE")
    rows(session, f'COPY INTO "CONTRACTS"."{schema}"."ORDERS" FROM {stage}/x/ {CSV}')
    assert value(session, "select current_database()") == "ELSEWHERE"
    assert value(session, f"select count(*) from CONTRACTS.{schema}.ORDERS") == 1


DEDUPLICATE = """
MERGE INTO "FINAL" AS target_table
USING (
    WITH records AS (SELECT * FROM "ORDERS"), numbered_rows AS (
        SELECT *, ROW_NUMBER() OVER (
            PARTITION BY "ID" ORDER BY "UPDATED_AT" DESC NULLS LAST, "_AIRBYTE_EXTRACTED_AT" DESC
        ) AS row_number FROM records
    )
    SELECT * EXCLUDE row_number FROM numbered_rows WHERE row_number = 1
) AS new_record
ON target_table."ID" = new_record."ID"
WHEN MATCHED AND (
    target_table."UPDATED_AT" < new_record."UPDATED_AT"
    OR (target_table."UPDATED_AT" = new_record."UPDATED_AT"
        AND target_table."_AIRBYTE_EXTRACTED_AT" < new_record."_AIRBYTE_EXTRACTED_AT")
    OR (target_table."UPDATED_AT" IS NULL AND new_record."UPDATED_AT" IS NOT NULL)
) THEN UPDATE SET "NOTE" = new_record."NOTE", "UPDATED_AT" = new_record."UPDATED_AT"
WHEN NOT MATCHED THEN INSERT ("_AIRBYTE_RAW_ID", "_AIRBYTE_EXTRACTED_AT", "_AIRBYTE_META", "ID", "NOTE", "UPDATED_AT")
VALUES (new_record."_AIRBYTE_RAW_ID", new_record."_AIRBYTE_EXTRACTED_AT", new_record."_AIRBYTE_META", new_record."ID",
        new_record."NOTE", new_record."UPDATED_AT")
"""


def test_the_loaders_merge_keeps_the_newest_record_and_its_overwrite_renames(
    session: SnowflakeConnection, schema: str, stage: str, tmp_path: Path
) -> None:
    newer = record(1, updated_at="2026-03-01T00:00:00Z")
    newer[6] = "newer"
    rows(session, f"create table final ({COLUMNS})")
    for batch, records in (("a", [record(1), record(2, updated_at=None)]), ("b", [record(1), newer, record(3)])):
        rows(
            session, f"PUT file://{write(tmp_path / f'{batch}.csv.gz', records)} {stage}/{batch}/ AUTO_COMPRESS = FALSE"
        )
        rows(session, "TRUNCATE TABLE orders")
        rows(session, f"COPY INTO orders FROM {stage}/{batch}/ {CSV}")
        rows(session, DEDUPLICATE)
    assert rows(session, DEDUPLICATE) == [(0, 0)]
    assert rows(session, "select id, note from final order by id") == [(1, "newer"), (2, NASTY), (3, NASTY)]
    rows(session, 'ALTER TABLE "FINAL" ADD COLUMN "ADDED" VARCHAR')
    rows(session, f'DROP TABLE IF EXISTS "CONTRACTS"."{schema}"."ORDERS"')
    rows(session, f'ALTER TABLE "CONTRACTS"."{schema}"."FINAL" RENAME TO "CONTRACTS"."{schema}"."ORDERS"')
    assert rows(session, "select count(*), count(added) from orders") == [(3, 0)]
