/*
title: Written, never read
question: Which tables change although no statement scans them?
why: >-
  On Standard edition the writes come from the history of changed rows, in steps of an hour or so, and the reads from
  the history of scans. Scans by the pipeline count, because who scanned cannot be told apart from what it was for; so a
  table named here is used by nobody at all. Who wrote, and what the writing cost, is not known here.
owner: data
group: use
views:
  - ACCOUNT_USAGE.TABLE_DML_HISTORY
  - ACCOUNT_USAGE.TABLE_QUERY_PRUNING_HISTORY
  - ACCOUNT_USAGE.TABLES
database_roles: [OBJECT_VIEWER, USAGE_VIEWER]
edition: standard
latency_minutes: 360
rhythm: weekly
answers: written_never_read
columns:
  - {name: table_name, title: Table, unit: name}
  - {name: bucket, title: Verdict, unit: text}
  - {name: writes, title: Writes in 30 days, unit: count}
  - {name: last_written, title: Last written, unit: time}
  - {name: credits_writing, title: Spent on writing, unit: credits}
  - {name: last_read, title: Last read, unit: time}
  - {name: observed_days, title: Days observed, unit: count}
  - {name: writer, title: Written by, unit: name}
key: [table_name, bucket]
headline: {of: count, where: {bucket: unused}, unit: count, words: tables that are kept fresh for nobody}
attention:
  - column: bucket
    equals: unused
    words: "{table_name} changed {writes} times in 30 days, and no statement has scanned it in 90"
*/
with scans as (

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

written as (

    select
        database_name || '.' || schema_name || '.' || table_name as table_name,
        count(start_time) as writes,
        max(end_time) as last_written
    from snowflake.account_usage.table_dml_history
    where
        start_time >= dateadd('day', -30, current_timestamp())
        and rows_added + rows_removed + rows_updated > 0
    group by 1

),

versions as (

    select
        table_catalog || '.' || table_schema || '.' || table_name as table_name,
        created,
        deleted
    from snowflake.account_usage.tables
    where
        table_type = 'BASE TABLE'
        and table_schema <> 'INFORMATION_SCHEMA'

),

-- By name: a rebuilt table has a new id at every build.
live as (

    select
        table_name,
        min(created) as first_created
    from versions
    group by table_name
    having count_if(deleted is null) > 0

),

record as (

    select min(first_scan) as since
    from scans

),

judged as (

    select
        live.table_name,
        written.writes,
        written.last_written,
        scans.last_scan,
        datediff('day', greatest(live.first_created, record.since), current_timestamp()) as observed_days
    from live
    cross join record
    inner join written
        on live.table_name = written.table_name
    left join scans
        on live.table_name = scans.table_name
    where coalesce(scans.last_scan, '1970-01-01'::timestamp_ltz) < dateadd('day', -90, current_timestamp())

)

select
    table_name,
    iff(observed_days >= 90, 'unused', 'too_young') as bucket,
    writes,
    convert_timezone('UTC', last_written) as last_written,
    null::float as credits_writing,
    convert_timezone('UTC', last_scan) as last_read,
    observed_days,
    null::varchar as writer
from judged
order by bucket desc, writes desc, table_name
