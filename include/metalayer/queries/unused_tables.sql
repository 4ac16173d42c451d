/*
title: Unused tables
question: Which tables has nobody used in 90 days, and how much storage do they take?
why: >-
  A table that nobody reads is paid for in storage and in the builds that keep it fresh. Reads by the pipeline's own
  users do not count, or tests would keep every table in use; but a table is in use when the pipeline makes something
  from it that people read, however many steps away. Reading a view counts for the tables under it. Nothing younger than
  90 days, and nothing at all while the record itself is younger, is called unused: it is too young to say. This is a
  proposal to ask the owner and move the table away, never a reason to drop it at once.
owner: data
group: use
views: [ACCOUNT_USAGE.ACCESS_HISTORY, ACCOUNT_USAGE.TABLES, ACCOUNT_USAGE.TABLE_STORAGE_METRICS]
database_roles: [GOVERNANCE_VIEWER, OBJECT_VIEWER, USAGE_VIEWER]
edition: enterprise
latency_minutes: 180
rhythm: weekly
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
    words: "nobody has used {table_name} in 90 days (last read: {last_read}); it takes {bytes}"
*/
with pipeline_users as (

    select user_name
    from (values ('LOADER'), ('META'), ('TRANSFORMER')) as service (user_name)

),

-- The same few statements run again and again: what they read and write is taken apart once for all their runs.
accesses as (

    select
        pipeline_users.user_name is not null as by_pipeline,
        to_json(history.base_objects_accessed) as read_objects,
        to_json(history.objects_modified) as written_objects,
        min(history.query_start_time) as first_at,
        max(history.query_start_time) as last_at
    from snowflake.account_usage.access_history as history
    left join pipeline_users
        on history.user_name = pipeline_users.user_name
    where history.query_start_time >= dateadd('day', -180, current_timestamp())
    group by 1, 2, 3

),

reading as (

    select
        shapes.read_objects,
        base.value:objectName::varchar as table_name
    from (select distinct read_objects from accesses) as shapes,
        lateral flatten(input => parse_json(shapes.read_objects)) as base

),

writing as (

    select
        shapes.written_objects,
        target.value:objectName::varchar as table_name
    from (select distinct written_objects from accesses) as shapes,
        lateral flatten(input => parse_json(shapes.written_objects)) as target

),

reads as (

    select
        reading.table_name,
        max(accesses.last_at) as last_read
    from accesses
    inner join reading
        on accesses.read_objects = reading.read_objects
    where not accesses.by_pipeline
    group by reading.table_name

),

feeds as (

    select distinct
        reading.table_name as source,
        writing.table_name as target
    from accesses
    inner join reading
        on accesses.read_objects = reading.read_objects
    inner join writing
        on accesses.written_objects = writing.written_objects
    where
        accesses.by_pipeline
        and accesses.last_at >= dateadd('day', -90, current_timestamp())

),

-- What people read makes that in use from which the pipeline has made it: eight steps, more than any chain has.
read_lately as (

    select table_name
    from reads
    where last_read >= dateadd('day', -90, current_timestamp())

),

step_1 as (

    select distinct feeds.source as table_name
    from feeds
    inner join read_lately
        on feeds.target = read_lately.table_name

),

step_2 as (

    select distinct feeds.source as table_name
    from feeds
    inner join step_1
        on feeds.target = step_1.table_name

),

step_3 as (

    select distinct feeds.source as table_name
    from feeds
    inner join step_2
        on feeds.target = step_2.table_name

),

step_4 as (

    select distinct feeds.source as table_name
    from feeds
    inner join step_3
        on feeds.target = step_3.table_name

),

step_5 as (

    select distinct feeds.source as table_name
    from feeds
    inner join step_4
        on feeds.target = step_4.table_name

),

step_6 as (

    select distinct feeds.source as table_name
    from feeds
    inner join step_5
        on feeds.target = step_5.table_name

),

step_7 as (

    select distinct feeds.source as table_name
    from feeds
    inner join step_6
        on feeds.target = step_6.table_name

),

step_8 as (

    select distinct feeds.source as table_name
    from feeds
    inner join step_7
        on feeds.target = step_7.table_name

),

used as (

    select table_name from read_lately
    union
    select table_name from step_1
    union
    select table_name from step_2
    union
    select table_name from step_3
    union
    select table_name from step_4
    union
    select table_name from step_5
    union
    select table_name from step_6
    union
    select table_name from step_7
    union
    select table_name from step_8

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

    select min(first_at) as since
    from accesses

),

judged as (

    select
        live.table_name,
        reads.last_read,
        datediff('day', greatest(live.first_created, record.since), current_timestamp()) as observed_days,
        live.row_count,
        coalesce(storage.bytes, 0) as bytes,
        live.owner
    from live
    cross join record
    left join used
        on live.table_name = used.table_name
    left join reads
        on live.table_name = reads.table_name
    left join storage
        on live.table_name = storage.table_name
    where used.table_name is null

)

select
    table_name,
    iff(observed_days >= 90, 'unused', 'too_young') as bucket,
    convert_timezone('UTC', last_read) as last_read,
    observed_days,
    row_count,
    bytes,
    owner
from judged
order by bucket desc, bytes desc, table_name
