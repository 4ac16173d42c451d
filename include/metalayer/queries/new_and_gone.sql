/*
title: New and gone
question: Which tables and views appeared or vanished in the last seven days?
why: >-
  A table that is suddenly there has an author to ask, and one that is suddenly gone may have readers. A table that is
  rebuilt (`create or replace`) is neither: Snowflake keeps one row per version, so names are compared, not versions. A
  name that came and went within the week is left out, as the steps of a build would be.
owner: data
group: use
views: [ACCOUNT_USAGE.TABLES]
database_roles: [OBJECT_VIEWER]
edition: standard
latency_minutes: 90
rhythm: weekly
columns:
  - {name: change, title: Change, unit: text}
  - {name: object_name, title: Table or view, unit: name}
  - {name: kind, title: Kind, unit: text}
  - {name: changed_at, title: When, unit: time}
  - {name: owner, title: Owner, unit: name}
  - {name: row_count, title: Rows, unit: count}
  - {name: bytes, title: Size, unit: bytes}
key: [object_name, change]
headline: {of: count, unit: count, words: tables and views came or went in seven days}
attention:
  - column: change
    equals: gone
    words: "{object_name} is gone since {changed_at}"
*/
with names as (

    select
        table_catalog || '.' || table_schema || '.' || table_name as object_name,
        min(created) as first_created,
        max(deleted) as last_deleted,
        count_if(deleted is null) as live_versions,
        max_by(table_type, created) as kind,
        max_by(table_owner, created) as owner,
        max_by(row_count, created) as row_count,
        max_by(bytes, created) as bytes
    from snowflake.account_usage.tables
    where
        table_type <> 'TEMPORARY TABLE'
        and table_schema <> 'INFORMATION_SCHEMA'
    group by 1

)

select
    iff(live_versions > 0, 'new', 'gone') as change,
    object_name,
    lower(kind) as kind,
    convert_timezone('UTC', iff(live_versions > 0, first_created, last_deleted)) as changed_at,
    owner,
    row_count,
    bytes
from names
where
    (live_versions > 0 and first_created >= dateadd('day', -7, current_timestamp()))
    or (
        live_versions = 0
        and last_deleted >= dateadd('day', -7, current_timestamp())
        and first_created < dateadd('day', -7, current_timestamp())
    )
order by changed_at desc, object_name
