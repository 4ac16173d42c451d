/*
title: Tables nobody reads
question: Which tables has nobody read, and how big are they?
why: They cost money every day.
owner: data
group: use
views: [ACCOUNT_USAGE.TABLES]
database_roles: [OBJECT_VIEWER]
edition: standard
latency_minutes: 90
rhythm: daily
columns:
  - {name: table_name, title: Table, unit: name}
  - {name: bytes, title: Size, unit: bytes}
  - {name: last_read, title: Last read, unit: time}
  - {name: unused, title: Unused, unit: flag}
key: [table_name]
headline: {column: bytes, of: sum, unit: bytes, words: lie unread}
attention:
  - {column: unused, equals: true, words: "{table_name} was read by nobody"}
chart: {kind: bar, x: table_name, y: bytes}
*/
select table_name, bytes, last_read, unused from snowflake.account_usage.tables where created >= '2026-01-01'
