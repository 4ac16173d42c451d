/*
title: Running now
question: What is running or waiting this minute, who started it, on which warehouse, and for how long?
why: >-
  A statement that runs for hours pays a warehouse for hours, and one that waits holds up everything behind it. This is
  the only question that is asked in real time, so it is also where to look while something is going wrong.
owner: data
group: now
views: [INFORMATION_SCHEMA.QUERY_HISTORY]
database_roles: []
edition: standard
latency_minutes: 0
rhythm: now
columns:
  - {name: state, title: State, unit: text}
  - {name: job, title: What, unit: name}
  - {name: user_name, title: User, unit: name}
  - {name: warehouse_name, title: Warehouse, unit: name}
  - {name: started_at, title: Since, unit: time}
  - {name: running_seconds, title: For, unit: seconds}
  - {name: waiting_seconds, title: Of which waiting, unit: seconds}
  - {name: query_type, title: Kind, unit: text}
  - {name: query_text, title: Statement, unit: text}
  - {name: query_id, title: Query id, unit: name}
key: [query_id]
headline: {of: count, unit: count, words: statements that run or wait}
attention:
  - column: waiting_seconds
    above: 300
    words: "{job} has waited {waiting_seconds} on {warehouse_name}"
  - column: running_seconds
    above: 3600
    words: "{job} of {user_name} has been running for {running_seconds} on {warehouse_name}"
*/
with history as (

    select
        query_id,
        query_text,
        query_type,
        upper(execution_status) as state,
        user_name,
        warehouse_name,
        start_time,
        queued_overload_time + queued_provisioning_time + queued_repair_time + transaction_blocked_time as waited_ms,
        try_parse_json(query_tag) as tag,
        try_parse_json(
            regexp_substr(right(query_text, 1000), $$/[*]\s*([{][^*]*"app":\s*"dbt"[^*]*[}])\s*[*]/$$, 1, 1, 'e', 1)
        ) as dbt
    -- The limit is applied before the filter and keeps what still runs first; an end of the range would hide it.
    from table(snowflake.information_schema.query_history(result_limit => 10000))
    where
        upper(execution_status) in ('RUNNING', 'QUEUED', 'BLOCKED', 'RESUMING_WAREHOUSE')
        and session_id::varchar <> current_session()

)

select
    lower(state) as state,
    coalesce(dbt:node_id::varchar, tag:dag::varchar || '.' || tag:task::varchar, tag:question::varchar, user_name)
        as job,
    user_name,
    warehouse_name,
    convert_timezone('UTC', start_time) as started_at,
    datediff('millisecond', start_time, current_timestamp()) / 1000 as running_seconds,
    -- While it still waits, the time it has waited is not yet written down.
    iff(state = 'RUNNING', waited_ms, datediff('millisecond', start_time, current_timestamp())) / 1000
        as waiting_seconds,
    query_type,
    left(query_text, 200) as query_text,
    query_id
from history
order by started_at, query_id
