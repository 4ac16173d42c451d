/*
title: What there is
question: Which schemas are there, how many tables and views do they hold, and how big are they?
why: >-
  The map that every other answer is read with. It also shows a schema that nobody remembers, and a layer that has grown
  out of proportion.
owner: data
group: use
views: [ACCOUNT_USAGE.TABLES]
database_roles: [OBJECT_VIEWER]
edition: standard
latency_minutes: 90
rhythm: daily
columns:
  - {name: schema_name, title: Schema, unit: name}
  - {name: kind, title: Kind, unit: text}
  - {name: objects, title: Objects, unit: count}
  - {name: row_count, title: Rows, unit: count}
  - {name: bytes, title: Size, unit: bytes}
  - {name: largest, title: Largest, unit: name}
  - {name: first_created_at, title: Oldest made, unit: time}
  - {name: last_ddl_at, title: Last defined, unit: time}
  - {name: owners, title: Owned by, unit: text}
key: [schema_name, kind]
headline: {column: objects, of: sum, unit: count, words: tables and views}
chart: {kind: bar, x: schema_name, y: bytes}
*/
select
    table_catalog || '.' || table_schema as schema_name,
    lower(table_type) as kind,
    count(table_id) as objects,
    sum(row_count) as row_count,
    sum(bytes) as bytes,
    max_by(table_name, coalesce(bytes, 0)) as largest,
    convert_timezone('UTC', min(created)) as first_created_at,
    convert_timezone('UTC', max(last_ddl)) as last_ddl_at,
    listagg(distinct table_owner, ', ') within group (order by table_owner) as owners
from snowflake.account_usage.tables
where
    deleted is null
    and table_schema <> 'INFORMATION_SCHEMA'
group by 1, 2
order by bytes desc nulls last, schema_name, kind
