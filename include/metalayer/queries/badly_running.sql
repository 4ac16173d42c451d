/*
title: Badly running
question: Which statements of the last seven days spill, wait or read everything?
why: >-
  Spilling to remote storage means that the warehouse has too little memory for the statement; waiting means that too
  many share it; reading nearly every partition of a big table means that its filter does not fit how the table is
  ordered. Each is mended in another way than by a bigger warehouse for all. Runs that differ in their literals only
  are one row; a hundred rows at most.
owner: data
group: health
views: [ACCOUNT_USAGE.QUERY_HISTORY]
database_roles: [GOVERNANCE_VIEWER]
edition: standard
latency_minutes: 45
rhythm: weekly
columns:
  - {name: job, title: What, unit: name}
  - {name: problem, title: Problem, unit: text}
  - {name: runs, title: Runs, unit: count}
  - {name: execution_seconds, title: Ran for, unit: seconds}
  - {name: spilled_remote_bytes, title: Spilled to remote storage, unit: bytes}
  - {name: spilled_local_bytes, title: Spilled to local storage, unit: bytes}
  - {name: queued_seconds, title: Waited for a place, unit: seconds}
  - {name: scanned_percent, title: Partitions read, unit: percent}
  - {name: partitions_total, title: Partitions in all (largest run), unit: count}
  - {name: cached_percent, title: From cache, unit: percent}
  - {name: load_percent, title: Share of the warehouse, unit: percent}
  - {name: warehouses, title: Warehouses, unit: text}
  - {name: query_text, title: Statement, unit: text}
  - {name: shape, title: Shape, unit: name}
key: [shape]
headline: {of: count, unit: count, words: statements run badly}
attention:
  - column: spilled_remote_bytes
    above: 0
    words: "{job} spilled {spilled_remote_bytes} to remote storage on {warehouses}"
  - column: queued_seconds
    above: 600
    words: "{job} waited {queued_seconds} for a place on {warehouses}"
*/
with shapes as (

    select
        coalesce(query_parameterized_hash, query_id) as shape,
        count(query_id) as runs,
        sum(execution_time) / 1000 as execution_seconds,
        sum(coalesce(bytes_spilled_to_remote_storage, 0)) as spilled_remote_bytes,
        sum(coalesce(bytes_spilled_to_local_storage, 0)) as spilled_local_bytes,
        sum(coalesce(queued_overload_time, 0)) / 1000 as queued_seconds,
        100 * sum(partitions_scanned) / nullif(sum(partitions_total), 0) as scanned_percent,
        max(partitions_total) as partitions_total,
        100 * avg(percentage_scanned_from_cache) as cached_percent,
        avg(query_load_percent) as load_percent,
        listagg(distinct warehouse_name, ', ') within group (order by warehouse_name) as warehouses,
        max_by(query_text, start_time) as query_text,
        max_by(query_tag, start_time) as query_tag,
        max_by(user_name, start_time) as user_name
    from snowflake.account_usage.query_history
    where
        start_time >= dateadd('day', -7, current_timestamp())
        and warehouse_size is not null
    group by 1

),

problems as (

    select
        shape,
        runs,
        execution_seconds,
        spilled_remote_bytes,
        spilled_local_bytes,
        queued_seconds,
        scanned_percent,
        partitions_total,
        cached_percent,
        load_percent,
        warehouses,
        query_text,
        try_parse_json(query_tag) as tag,
        try_parse_json(
            regexp_substr(right(query_text, 1000), $$/[*]\s*([{][^*]*"app":\s*"dbt"[^*]*[}])\s*[*]/$$, 1, 1, 'e', 1)
        ) as dbt,
        user_name,
        case
            when spilled_remote_bytes > 0 then 'spills to remote storage'
            when queued_seconds / runs >= 10 then 'waits for a place'
            when spilled_local_bytes / runs >= 1e9 then 'spills to local storage'
            when partitions_total >= 1000 and scanned_percent >= 80 then 'reads everything'
        end as problem
    from shapes
    where
        spilled_remote_bytes > 0
        or spilled_local_bytes / runs >= 1e9
        or queued_seconds / runs >= 10
        or (partitions_total >= 1000 and scanned_percent >= 80)

)

select
    coalesce(dbt:node_id::varchar, tag:dag::varchar || '.' || tag:task::varchar, tag:question::varchar, user_name)
        as job,
    problem,
    runs,
    execution_seconds,
    spilled_remote_bytes,
    spilled_local_bytes,
    queued_seconds,
    scanned_percent,
    partitions_total,
    cached_percent,
    load_percent,
    warehouses,
    left(query_text, 500) as query_text,
    shape
from problems
order by spilled_remote_bytes desc, queued_seconds desc, execution_seconds desc, shape
limit 100
