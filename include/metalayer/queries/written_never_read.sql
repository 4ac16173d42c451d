/*
title: Written, never read
question: Which tables does the pipeline keep fresh although nobody uses them, and what does the writing cost?
why: >-
  These are the loads and models to switch off first: unlike storage, their cost comes back every hour. Used means as in
  the question on unused tables: read by people in 90 days, also through a view or through what the pipeline makes of
  it. The credits are those that Snowflake attributes to the statements that wrote the table in 30 days.
owner: data
group: use
views:
  - ACCOUNT_USAGE.ACCESS_HISTORY
  - ACCOUNT_USAGE.QUERY_ATTRIBUTION_HISTORY
  - ACCOUNT_USAGE.TABLES
database_roles: [GOVERNANCE_VIEWER, OBJECT_VIEWER]
edition: enterprise
latency_minutes: 480
rhythm: weekly
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
    words: "{writer} wrote {table_name} {writes} times in 30 days for {credits_writing}, and nobody uses it"
*/
with pipeline_users as (

    select user_name
    from (values ('LOADER'), ('META'), ('TRANSFORMER')) as service (user_name)

),

credits as (

    select
        query_id,
        sum(credits_attributed_compute) as credits
    from snowflake.account_usage.query_attribution_history
    where start_time >= dateadd('day', -30, current_timestamp())
    group by query_id

),

-- The same few statements run again and again: what they read and write is taken apart once for all their runs.
accesses as (

    select
        pipeline_users.user_name as pipeline_user,
        to_json(history.base_objects_accessed) as read_objects,
        to_json(history.objects_modified) as written_objects,
        min(history.query_start_time) as first_at,
        max(history.query_start_time) as last_at,
        count_if(history.query_start_time >= dateadd('day', -30, current_timestamp())) as lately,
        sum(credits.credits) as credits
    from snowflake.account_usage.access_history as history
    left join pipeline_users
        on history.user_name = pipeline_users.user_name
    left join credits
        on history.query_id = credits.query_id
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
        target.value:objectName::varchar as table_name,
        target.value:objectDomain::varchar as domain
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
    where accesses.pipeline_user is null
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
        accesses.pipeline_user is not null
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

written as (

    select
        writing.table_name,
        sum(accesses.lately) as writes,
        max(accesses.last_at) as last_written,
        max_by(accesses.pipeline_user, accesses.last_at) as writer,
        coalesce(sum(accesses.credits), 0) as credits_writing
    from accesses
    inner join writing
        on accesses.written_objects = writing.written_objects
    where
        accesses.pipeline_user is not null
        and accesses.lately > 0
        and writing.domain = 'Table'
    group by writing.table_name

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

    select min(first_at) as since
    from accesses

),

judged as (

    select
        live.table_name,
        written.writes,
        written.last_written,
        written.credits_writing,
        reads.last_read,
        datediff('day', greatest(live.first_created, record.since), current_timestamp()) as observed_days,
        written.writer
    from live
    cross join record
    inner join written
        on live.table_name = written.table_name
    left join used
        on live.table_name = used.table_name
    left join reads
        on live.table_name = reads.table_name
    where used.table_name is null

)

select
    table_name,
    iff(observed_days >= 90, 'unused', 'too_young') as bucket,
    writes,
    convert_timezone('UTC', last_written) as last_written,
    credits_writing,
    convert_timezone('UTC', last_read) as last_read,
    observed_days,
    writer
from judged
order by bucket desc, credits_writing desc, writes desc, table_name
