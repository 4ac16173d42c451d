/*
title: Loads
question: Did the loads arrive, and which raw tables have stopped moving?
why: >-
  A load that fails is red somewhere; a load that succeeds and brings nothing is not. A raw table has stopped when it
  has been silent for more than twice its longest silence of the last 14 days, and for a day at least. Changed rows
  count, not the date of the last change that Snowflake shows: that one moves without any row. A table that changed in
  one hour only of these days moves too seldom to judge. Files that failed in the last 24 hours are named with their
  first error. A table with few changes may be up to two days late here.
owner: data
group: health
views:
  - ACCOUNT_USAGE.COPY_HISTORY
  - ACCOUNT_USAGE.TABLE_DML_HISTORY
  - ACCOUNT_USAGE.TABLES
database_roles: [OBJECT_VIEWER, USAGE_VIEWER]
edition: standard
latency_minutes: 360
rhythm: daily
columns:
  - {name: state, title: State, unit: text}
  - {name: table_name, title: Raw table, unit: name}
  - {name: last_changed_at, title: Last changed, unit: time}
  - {name: silent_seconds, title: Silent for, unit: seconds}
  - {name: longest_silence_seconds, title: Longest silence before, unit: seconds}
  - {name: rows_changed_24h, title: Rows changed in 24 hours, unit: count}
  - {name: files_loaded_24h, title: Files in 24 hours, unit: count}
  - {name: files_failed_24h, title: Failed files, unit: count}
  - {name: first_error, title: First error, unit: text}
  - {name: row_count, title: Rows, unit: count}
key: [table_name, state]
headline: {column: rows_changed_24h, of: sum, unit: count, words: raw rows changed in 24 hours}
attention:
  - column: files_failed_24h
    above: 0
    words: "{files_failed_24h} files of {table_name} failed: {first_error}"
  - column: state
    equals: stopped
    words: "{table_name} has been silent for {silent_seconds}, and never longer than {longest_silence_seconds} before"
*/
with tables as (

    select
        table_catalog || '.' || table_schema || '.' || table_name as table_name,
        row_count
    from snowflake.account_usage.tables
    where
        table_catalog = 'RAW'
        and table_type = 'BASE TABLE'
        and deleted is null

),

changes as (

    select
        database_name || '.' || schema_name || '.' || table_name as table_name,
        start_time,
        end_time,
        rows_added + rows_removed + rows_updated as rows_changed,
        lag(end_time) over (partition by database_name, schema_name, table_name order by start_time) as changed_before
    from snowflake.account_usage.table_dml_history
    where
        start_time >= dateadd('day', -14, current_timestamp())
        and database_name = 'RAW'
        and rows_added + rows_removed + rows_updated > 0

),

moved as (

    select
        table_name,
        max(end_time) as last_changed,
        max(datediff('second', changed_before, start_time)) as longest_silence_seconds,
        sum(iff(start_time >= dateadd('hour', -24, current_timestamp()), rows_changed, 0)) as rows_changed_24h
    from changes
    group by table_name

),

files as (

    select
        table_catalog_name || '.' || table_schema_name || '.' || table_name as table_name,
        count_if(status in ('Loaded', 'Partially loaded')) as files_loaded_24h,
        count_if(status in ('Load failed', 'Partially loaded')) as files_failed_24h,
        min_by(first_error_message, last_load_time) as first_error
    from snowflake.account_usage.copy_history
    where
        last_load_time >= dateadd('hour', -24, current_timestamp())
        and table_catalog_name = 'RAW'
    group by 1

),

judged as (

    select
        tables.table_name,
        moved.last_changed,
        greatest(datediff('second', moved.last_changed, current_timestamp()), 0) as silent_seconds,
        moved.longest_silence_seconds,
        coalesce(moved.rows_changed_24h, 0) as rows_changed_24h,
        coalesce(files.files_loaded_24h, 0) as files_loaded_24h,
        coalesce(files.files_failed_24h, 0) as files_failed_24h,
        files.first_error,
        tables.row_count
    from tables
    left join moved
        on tables.table_name = moved.table_name
    left join files
        on tables.table_name = files.table_name

)

select
    case
        when files_failed_24h > 0 then 'failed'
        when last_changed is null then 'still'
        when silent_seconds <= 86400 then 'moving'
        when longest_silence_seconds is null then 'seldom'
        when silent_seconds > 2 * longest_silence_seconds then 'stopped'
        else 'moving'
    end as state,
    table_name,
    convert_timezone('UTC', last_changed) as last_changed_at,
    silent_seconds,
    longest_silence_seconds,
    rows_changed_24h,
    files_loaded_24h,
    files_failed_24h,
    first_error,
    row_count
from judged
order by files_failed_24h desc, state desc, table_name
