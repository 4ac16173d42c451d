/*
title: Unused views and columns
question: Which views has nobody used in 90 days, and which columns of tables that are in use does nobody read?
why: >-
  A dead view is a promise somebody still has to keep when tables change, and a dead column is loaded, built and tested
  for nothing. Snowflake logs the view that a statement names and the tables under it, not the views between, so use is
  passed on along the dependencies before a view is called dead, and along what the pipeline makes of it. A column
  counts as read whoever read it, the pipeline too; a table of which one read's columns are not known is left out.
owner: data
group: use
views:
  - ACCOUNT_USAGE.ACCESS_HISTORY
  - ACCOUNT_USAGE.OBJECT_DEPENDENCIES
  - ACCOUNT_USAGE.TABLES
  - ACCOUNT_USAGE.COLUMNS
database_roles: [GOVERNANCE_VIEWER, OBJECT_VIEWER]
edition: enterprise
latency_minutes: 180
rhythm: weekly
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
with pipeline_users as (

    select user_name
    from (values ('LOADER'), ('META'), ('TRANSFORMER')) as service (user_name)

),

-- The same few statements run again and again: what they read and write is taken apart once for all their runs.
accesses as (

    select
        pipeline_users.user_name is not null as by_pipeline,
        to_json(history.direct_objects_accessed) as direct_objects,
        to_json(history.base_objects_accessed) as base_objects,
        to_json(history.objects_modified) as written_objects,
        min(history.query_start_time) as first_at,
        max(history.query_start_time) as last_at
    from snowflake.account_usage.access_history as history
    left join pipeline_users
        on history.user_name = pipeline_users.user_name
    where history.query_start_time >= dateadd('day', -180, current_timestamp())
    group by 1, 2, 3, 4

),

read_shapes as (

    select distinct
        direct_objects,
        base_objects
    from accesses

),

reading as (

    select
        shapes.direct_objects,
        shapes.base_objects,
        direct.value:objectName::varchar as object_name
    from read_shapes as shapes,
        lateral flatten(input => parse_json(shapes.direct_objects)) as direct
    union
    select
        shapes.direct_objects,
        shapes.base_objects,
        base.value:objectName::varchar as object_name
    from read_shapes as shapes,
        lateral flatten(input => parse_json(shapes.base_objects)) as base

),

writing as (

    select
        shapes.written_objects,
        target.value:objectName::varchar as object_name
    from (select distinct written_objects from accesses) as shapes,
        lateral flatten(input => parse_json(shapes.written_objects)) as target

),

reads as (

    select
        reading.object_name,
        max(accesses.last_at) as last_read
    from accesses
    inner join reading
        on
            accesses.direct_objects = reading.direct_objects
            and accesses.base_objects = reading.base_objects
    where not accesses.by_pipeline
    group by reading.object_name

),

feeds as (

    select
        reading.object_name as source,
        writing.object_name as target
    from accesses
    inner join reading
        on
            accesses.direct_objects = reading.direct_objects
            and accesses.base_objects = reading.base_objects
    inner join writing
        on accesses.written_objects = writing.written_objects
    where
        accesses.by_pipeline
        and accesses.last_at >= dateadd('day', -90, current_timestamp())
    union
    select
        referenced_database || '.' || referenced_schema || '.' || referenced_object_name as source,
        referencing_database || '.' || referencing_schema || '.' || referencing_object_name as target
    from snowflake.account_usage.object_dependencies
    where referencing_object_domain in ('VIEW', 'MATERIALIZED VIEW')

),

-- What people read makes that in use from which the pipeline has made it: eight steps, more than any chain has.
read_lately as (

    select object_name
    from reads
    where last_read >= dateadd('day', -90, current_timestamp())

),

step_1 as (

    select distinct feeds.source as object_name
    from feeds
    inner join read_lately
        on feeds.target = read_lately.object_name

),

step_2 as (

    select distinct feeds.source as object_name
    from feeds
    inner join step_1
        on feeds.target = step_1.object_name

),

step_3 as (

    select distinct feeds.source as object_name
    from feeds
    inner join step_2
        on feeds.target = step_2.object_name

),

step_4 as (

    select distinct feeds.source as object_name
    from feeds
    inner join step_3
        on feeds.target = step_3.object_name

),

step_5 as (

    select distinct feeds.source as object_name
    from feeds
    inner join step_4
        on feeds.target = step_4.object_name

),

step_6 as (

    select distinct feeds.source as object_name
    from feeds
    inner join step_5
        on feeds.target = step_5.object_name

),

step_7 as (

    select distinct feeds.source as object_name
    from feeds
    inner join step_6
        on feeds.target = step_6.object_name

),

step_8 as (

    select distinct feeds.source as object_name
    from feeds
    inner join step_7
        on feeds.target = step_7.object_name

),

used as (

    select object_name from read_lately
    union
    select object_name from step_1
    union
    select object_name from step_2
    union
    select object_name from step_3
    union
    select object_name from step_4
    union
    select object_name from step_5
    union
    select object_name from step_6
    union
    select object_name from step_7
    union
    select object_name from step_8

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

shapes as (

    select distinct
        base.value:objectName::varchar as table_name,
        to_json(base.value:columns) as columns_read
    from (
        select distinct base_objects
        from accesses
        where last_at >= dateadd('day', -90, current_timestamp())
    ) as lately,
        lateral flatten(input => parse_json(lately.base_objects)) as base

),

read_columns as (

    select distinct
        shapes.table_name,
        part.value:columnName::varchar as column_name
    from shapes,
        lateral flatten(input => parse_json(shapes.columns_read)) as part

),

tables_with_known_reads as (

    select table_name
    from shapes
    group by table_name
    having count_if(array_size(parse_json(columns_read)) is null) = 0

),

unread_columns as (

    select
        columns.table_catalog || '.' || columns.table_schema || '.' || columns.table_name as table_name,
        count(columns.column_name) as unused_columns,
        listagg(columns.column_name, ', ') within group (order by columns.ordinal_position) as column_names
    from snowflake.account_usage.columns as columns
    inner join tables_with_known_reads as known
        on columns.table_catalog || '.' || columns.table_schema || '.' || columns.table_name = known.table_name
    left join read_columns
        on
            known.table_name = read_columns.table_name
            and columns.column_name = read_columns.column_name
    where
        columns.deleted is null
        and read_columns.column_name is null
    group by 1

),

record as (

    select min(first_at) as since
    from accesses

),

found as (

    select
        objects.object_name,
        'view' as finding,
        null::number as unused_columns,
        null::varchar as column_names,
        reads.last_read,
        objects.first_created,
        objects.owner
    from objects
    left join used
        on objects.object_name = used.object_name
    left join reads
        on objects.object_name = reads.object_name
    where
        objects.kind in ('VIEW', 'MATERIALIZED VIEW')
        and used.object_name is null
    union all
    select
        objects.object_name,
        'columns' as finding,
        unread_columns.unused_columns,
        unread_columns.column_names,
        reads.last_read,
        objects.first_created,
        objects.owner
    from objects
    inner join used
        on objects.object_name = used.object_name
    inner join unread_columns
        on objects.object_name = unread_columns.table_name
    left join reads
        on objects.object_name = reads.object_name
    where objects.kind = 'BASE TABLE'

),

judged as (

    select
        found.object_name,
        found.finding,
        found.unused_columns,
        found.column_names,
        found.last_read,
        datediff('day', greatest(found.first_created, record.since), current_timestamp()) as observed_days,
        found.owner
    from found
    cross join record

)

select
    object_name,
    finding,
    iff(observed_days >= 90, 'unused', 'too_young') as bucket,
    unused_columns,
    left(column_names, 1000) as column_names,
    convert_timezone('UTC', last_read) as last_read,
    observed_days,
    owner
from judged
order by bucket desc, finding desc, unused_columns desc nulls last, object_name
