/*
title: Unused views and columns
question: Which views stand on a table that no statement has scanned in 90 days?
why: >-
  Standard edition does not say which view was read. But whoever reads a view scans the tables under it, so a view with
  a table under it that nobody has scanned is dead for certain. A dead view over a busy table is not found this way, and
  nothing can be said of columns. An answer from the result cache scans nothing.
owner: data
group: use
views:
  - ACCOUNT_USAGE.OBJECT_DEPENDENCIES
  - ACCOUNT_USAGE.TABLE_QUERY_PRUNING_HISTORY
  - ACCOUNT_USAGE.TABLES
database_roles: [OBJECT_VIEWER, USAGE_VIEWER]
edition: standard
latency_minutes: 240
rhythm: weekly
answers: unused_views_columns
columns:
  - {name: object_name, title: View or table, unit: name}
  - {name: finding, title: What is unused, unit: text}
  - {name: bucket, title: Verdict, unit: text}
  - {name: unused_columns, title: Unused columns, unit: count}
  - {name: column_names, title: Which, unit: text}
  - {name: last_read, title: Last read, unit: time}
  - {name: observed_days, title: Days observed, unit: count}
  - {name: owner, title: Owner, unit: name}
key: [object_name, finding, bucket]
headline: {of: count, where: {finding: view, bucket: unused}, unit: count, words: views that nobody has used in 90 days}
*/
with feeds as (

    select distinct
        referenced_database || '.' || referenced_schema || '.' || referenced_object_name as source,
        referencing_database || '.' || referencing_schema || '.' || referencing_object_name as target
    from snowflake.account_usage.object_dependencies
    where referencing_object_domain in ('VIEW', 'MATERIALIZED VIEW')

),

-- From a view down to the tables under it: each step doubles the distance, to sixteen.
feeds_2 as (

    select
        source,
        target
    from feeds
    union
    select
        near.source,
        far.target
    from feeds as near
    inner join feeds as far
        on near.target = far.source

),

feeds_4 as (

    select
        source,
        target
    from feeds_2
    union
    select
        near.source,
        far.target
    from feeds_2 as near
    inner join feeds_2 as far
        on near.target = far.source

),

feeds_8 as (

    select
        source,
        target
    from feeds_4
    union
    select
        near.source,
        far.target
    from feeds_4 as near
    inner join feeds_4 as far
        on near.target = far.source

),

feeds_16 as (

    select
        source,
        target
    from feeds_8
    union
    select
        near.source,
        far.target
    from feeds_8 as near
    inner join feeds_8 as far
        on near.target = far.source

),

scans as (

    select
        database_name || '.' || schema_name || '.' || table_name as table_name,
        min(interval_start_time) as first_scan,
        max(interval_end_time) as last_scan
    from snowflake.account_usage.table_query_pruning_history
    where
        interval_start_time >= dateadd('day', -180, current_timestamp())
        and num_queries > 0
    group by 1

),

objects as (

    select
        table_catalog || '.' || table_schema || '.' || table_name as object_name,
        max_by(table_type, created) as kind,
        max_by(table_owner, created) as owner,
        min(created) as first_created
    from snowflake.account_usage.tables
    where
        table_type <> 'TEMPORARY TABLE'
        and table_schema <> 'INFORMATION_SCHEMA'
    group by 1
    having count_if(deleted is null) > 0

),

-- A view was read at the latest when the least scanned of its tables was.
views as (

    select
        objects.object_name,
        objects.owner,
        greatest(objects.first_created, max(tables.first_created)) as first_created,
        min(coalesce(scans.last_scan, '1970-01-01'::timestamp_ltz)) as last_scan
    from objects
    inner join feeds_16
        on objects.object_name = feeds_16.target
    inner join objects as tables
        on
            feeds_16.source = tables.object_name
            and tables.kind = 'BASE TABLE'
    left join scans
        on tables.object_name = scans.table_name
    where objects.kind in ('VIEW', 'MATERIALIZED VIEW')
    group by objects.object_name, objects.owner, objects.first_created

),

record as (

    select min(first_scan) as since
    from scans

),

judged as (

    select
        views.object_name,
        views.owner,
        iff(views.last_scan > '1970-01-01'::timestamp_ltz, views.last_scan, null) as last_read,
        datediff('day', greatest(views.first_created, record.since), current_timestamp()) as observed_days
    from views
    cross join record
    where views.last_scan < dateadd('day', -90, current_timestamp())

)

select
    object_name,
    'view' as finding,
    iff(observed_days >= 90, 'unused', 'too_young') as bucket,
    null::number as unused_columns,
    null::varchar as column_names,
    convert_timezone('UTC', last_read) as last_read,
    observed_days,
    owner
from judged
order by bucket desc, object_name
