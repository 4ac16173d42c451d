/*
title: Unused tables
question: Which tables has nobody scanned in 90 days, and how much storage do they take?
why: >-
  Standard edition does not say who read what, but it does say which tables were scanned and on which warehouse. A table
  that no warehouse has scanned is unused; one that only the pipeline's own warehouses have scanned is used by the
  pipeline alone, and whether people use what it makes of it cannot be told. An answer from the result cache scans
  nothing, so "not scanned" is a little weaker than "not read". Nothing younger than 90 days, and nothing at all while
  the record itself is younger, is called unused: it is too young to say.
owner: data
group: use
views:
  - ACCOUNT_USAGE.TABLE_QUERY_PRUNING_HISTORY
  - ACCOUNT_USAGE.TABLES
  - ACCOUNT_USAGE.TABLE_STORAGE_METRICS
database_roles: [OBJECT_VIEWER, USAGE_VIEWER]
edition: standard
latency_minutes: 240
rhythm: weekly
answers: unused_tables
columns:
  - {name: table_name, title: Table, unit: name}
  - {name: bucket, title: Verdict, unit: text}
  - {name: last_read, title: Last read, unit: time}
  - {name: observed_days, title: Days observed, unit: count}
  - {name: row_count, title: Rows, unit: count}
  - {name: bytes, title: Stored and billed, unit: bytes}
  - {name: owner, title: Owner, unit: name}
key: [table_name, bucket]
headline: {column: bytes, of: sum, where: {bucket: unused}, unit: bytes, words: in tables unused for 90 days}
attention:
  - column: bucket
    equals: unused
    words: "no statement has scanned {table_name} in 90 days; it takes {bytes}"
*/
with pipeline_warehouses as (

    select warehouse_name
    from (values ('LOADING_WH'), ('META_WH'), ('TRANSFORM_WH')) as own (warehouse_name)

),

scans as (

    select
        pruning.database_name || '.' || pruning.schema_name || '.' || pruning.table_name as table_name,
        min(pruning.interval_start_time) as first_scan,
        max(pruning.interval_end_time) as last_scan,
        max(iff(own.warehouse_name is null, pruning.interval_end_time, null)) as last_read
    from snowflake.account_usage.table_query_pruning_history as pruning
    left join pipeline_warehouses as own
        on pruning.warehouse_name = own.warehouse_name
    where
        pruning.interval_start_time >= dateadd('day', -180, current_timestamp())
        and pruning.num_queries > 0
    group by 1

),

versions as (

    select
        table_id,
        table_catalog || '.' || table_schema || '.' || table_name as table_name,
        table_owner,
        row_count,
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
        min(created) as first_created,
        max_by(table_owner, created) as owner,
        max_by(row_count, created) as row_count
    from versions
    group by table_name
    having count_if(deleted is null) > 0

),

storage as (

    select
        versions.table_name,
        sum(
            metrics.active_bytes + metrics.time_travel_bytes + metrics.failsafe_bytes + metrics.retained_for_clone_bytes
        ) as bytes
    from snowflake.account_usage.table_storage_metrics as metrics
    inner join versions
        on metrics.id = versions.table_id
    group by versions.table_name

),

record as (

    select min(first_scan) as since
    from scans

),

judged as (

    select
        live.table_name,
        scans.last_scan,
        scans.last_read,
        datediff('day', greatest(live.first_created, record.since), current_timestamp()) as observed_days,
        live.row_count,
        coalesce(storage.bytes, 0) as bytes,
        live.owner
    from live
    cross join record
    left join scans
        on live.table_name = scans.table_name
    left join storage
        on live.table_name = storage.table_name
    where coalesce(scans.last_read, '1970-01-01'::timestamp_ltz) < dateadd('day', -90, current_timestamp())

)

select
    table_name,
    case
        when observed_days < 90 then 'too_young'
        when last_scan >= dateadd('day', -90, current_timestamp()) then 'pipeline_only'
        else 'unused'
    end as bucket,
    convert_timezone('UTC', last_read) as last_read,
    observed_days,
    row_count,
    bytes,
    owner
from judged
order by bucket desc, bytes desc, table_name
