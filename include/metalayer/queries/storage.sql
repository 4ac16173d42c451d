/*
title: Storage
question: Which tables are big, and how much of what is paid for is not data?
why: >-
  Every version of a table that is rebuilt stays billed for its time travel and its seven days of fail-safe, so a small
  table that is rebuilt each hour can cost more than a big one. Sums are over all versions of a name. Bytes that clones
  share are billed where they were first written. The hundred biggest stand alone, the rest is one row.
owner: data
group: use
views: [ACCOUNT_USAGE.TABLE_STORAGE_METRICS, ACCOUNT_USAGE.TABLES]
database_roles: [OBJECT_VIEWER, USAGE_VIEWER]
edition: standard
latency_minutes: 90
rhythm: weekly
columns:
  - {name: table_name, title: Table, unit: name}
  - {name: active_bytes, title: Data, unit: bytes}
  - {name: time_travel_bytes, title: Time travel, unit: bytes}
  - {name: failsafe_bytes, title: Fail-safe, unit: bytes}
  - {name: clone_bytes, title: Kept for clones, unit: bytes}
  - {name: total_bytes, title: In all, unit: bytes}
  - {name: not_data_percent, title: Not data, unit: percent}
  - {name: versions, title: Versions billed, unit: count}
  - {name: exists_now, title: Still there, unit: flag}
key: [table_name]
headline: {column: total_bytes, of: sum, unit: bytes, words: stored and billed}
chart: {kind: stacked, x: table_name, y: [active_bytes, time_travel_bytes, failsafe_bytes, clone_bytes]}
*/
with names as (

    select
        table_id,
        table_catalog || '.' || table_schema || '.' || table_name as table_name
    from snowflake.account_usage.tables

),

metrics as (

    select
        -- In fail-safe the name is no longer told here; the id still leads to it.
        coalesce(
            storage.table_catalog || '.' || storage.table_schema || '.' || storage.table_name,
            names.table_name,
            '(name no longer known)'
        ) as table_name,
        storage.active_bytes,
        storage.time_travel_bytes,
        storage.failsafe_bytes,
        storage.retained_for_clone_bytes,
        storage.deleted
    from snowflake.account_usage.table_storage_metrics as storage
    left join names
        on storage.id = names.table_id
    where
        storage.active_bytes + storage.time_travel_bytes + storage.failsafe_bytes + storage.retained_for_clone_bytes > 0

),

tables as (

    select
        table_name,
        sum(active_bytes) as active_bytes,
        sum(time_travel_bytes) as time_travel_bytes,
        sum(failsafe_bytes) as failsafe_bytes,
        sum(retained_for_clone_bytes) as clone_bytes,
        sum(active_bytes + time_travel_bytes + failsafe_bytes + retained_for_clone_bytes) as total_bytes,
        count(deleted) as versions,
        count_if(not deleted) as live_versions
    from metrics
    group by table_name

),

ranked as (

    select
        iff(row_number() over (order by total_bytes desc, table_name) <= 100, table_name, '(all others)') as table_name,
        active_bytes,
        time_travel_bytes,
        failsafe_bytes,
        clone_bytes,
        total_bytes,
        versions,
        live_versions
    from tables

)

select
    table_name,
    sum(active_bytes) as active_bytes,
    sum(time_travel_bytes) as time_travel_bytes,
    sum(failsafe_bytes) as failsafe_bytes,
    sum(clone_bytes) as clone_bytes,
    sum(total_bytes) as total_bytes,
    100 * (sum(total_bytes) - sum(active_bytes)) / sum(total_bytes) as not_data_percent,
    sum(versions) as versions,
    sum(live_versions) > 0 as exists_now
from ranked
group by table_name
order by total_bytes desc, table_name
