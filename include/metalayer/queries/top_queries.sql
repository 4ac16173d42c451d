/*
title: Costliest statements
question: Which statements, taken together over all their runs of the last seven days, cost most?
why: >-
  A cheap statement that runs each minute often costs more than the report everybody complains about. Runs that differ
  in their literals only are one shape. The credits are those that Snowflake attributes: no idle time, no cloud
  services, nothing shorter than about 100 ms. The fifty costliest are listed.
owner: data
group: spend
views: [ACCOUNT_USAGE.QUERY_ATTRIBUTION_HISTORY, ACCOUNT_USAGE.QUERY_HISTORY]
database_roles: [GOVERNANCE_VIEWER]
edition: standard
latency_minutes: 480
rhythm: weekly
columns:
  - {name: job, title: What, unit: name}
  - {name: credits, title: Credits, unit: credits}
  - {name: runs, title: Runs, unit: count}
  - {name: credits_per_run, title: A run, unit: credits}
  - {name: execution_seconds, title: Ran for, unit: seconds}
  - {name: bytes_scanned, title: Read, unit: bytes}
  - {name: users, title: Users, unit: text}
  - {name: warehouses, title: Warehouses, unit: text}
  - {name: last_run_at, title: Last run, unit: time}
  - {name: query_text, title: Statement, unit: text}
  - {name: shape, title: Shape, unit: name}
key: [shape]
headline: {column: credits, of: first, unit: credits, words: for the costliest statement in seven days}
chart: {kind: bar, x: job, y: credits}
*/
with attributed as (

    select
        query_id,
        start_time,
        credits_attributed_compute + coalesce(credits_used_query_acceleration, 0) as credits
    from snowflake.account_usage.query_attribution_history
    where start_time >= dateadd('day', -7, current_timestamp())

),

statements as (

    select
        coalesce(history.query_parameterized_hash, history.query_id) as shape,
        history.query_id,
        history.query_text,
        history.query_tag,
        history.user_name,
        history.warehouse_name,
        history.execution_time,
        history.bytes_scanned,
        history.start_time,
        attributed.credits
    from snowflake.account_usage.query_history as history
    inner join attributed
        on history.query_id = attributed.query_id
    where history.start_time >= dateadd('day', -7, current_timestamp())

),

shapes as (

    select
        shape,
        sum(credits) as credits,
        count(query_id) as runs,
        sum(execution_time) / 1000 as execution_seconds,
        sum(bytes_scanned) as bytes_scanned,
        listagg(distinct user_name, ', ') within group (order by user_name) as users,
        listagg(distinct warehouse_name, ', ') within group (order by warehouse_name) as warehouses,
        max(start_time) as last_run,
        max_by(query_text, start_time) as query_text,
        max_by(query_tag, start_time) as query_tag
    from statements
    group by shape
    qualify row_number() over (order by sum(credits) desc, shape) <= 50

),

named as (

    select
        shape,
        credits,
        runs,
        execution_seconds,
        bytes_scanned,
        users,
        warehouses,
        last_run,
        query_text,
        try_parse_json(query_tag) as tag,
        try_parse_json(
            regexp_substr(right(query_text, 1000), $$/[*]\s*([{][^*]*"app":\s*"dbt"[^*]*[}])\s*[*]/$$, 1, 1, 'e', 1)
        ) as dbt
    from shapes

)

select
    coalesce(dbt:node_id::varchar, tag:dag::varchar || '.' || tag:task::varchar, tag:question::varchar, users) as job,
    credits,
    runs,
    credits / runs as credits_per_run,
    execution_seconds,
    bytes_scanned,
    users,
    warehouses,
    convert_timezone('UTC', last_run) as last_run_at,
    left(query_text, 500) as query_text,
    shape
from named
order by credits desc, shape
