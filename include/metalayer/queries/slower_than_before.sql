/*
title: Slower than before
question: Which dbt models take much longer, or cost much more, than a week ago?
why: >-
  Models slow down step by step, and nobody notices until the morning report is late. The last seven days are compared
  with the seven before, by the time of the middle run, without the time a statement waited. A full refresh is compared
  with full refreshes only, an incremental run with incremental ones. A model is named when its middle run takes a fifth
  longer, and a second at least, with three runs on either side.
owner: data
group: health
views: [ACCOUNT_USAGE.QUERY_HISTORY, ACCOUNT_USAGE.QUERY_ATTRIBUTION_HISTORY]
database_roles: [GOVERNANCE_VIEWER]
edition: standard
latency_minutes: 480
rhythm: weekly
columns:
  - {name: node_id, title: Model, unit: name}
  - {name: query_type, title: Kind of statement, unit: text}
  - {name: slower_percent, title: Slower by, unit: percent}
  - {name: seconds_now, title: Middle run now, unit: seconds}
  - {name: seconds_before, title: Middle run before, unit: seconds}
  - {name: slow_seconds_now, title: Slow run now (p95), unit: seconds}
  - {name: slow_seconds_before, title: Slow run before (p95), unit: seconds}
  - {name: credits_now, title: A run now, unit: credits}
  - {name: credits_before, title: A run before, unit: credits}
  - {name: runs_now, title: Runs now, unit: count}
  - {name: runs_before, title: Runs before, unit: count}
key: [node_id, query_type]
headline: {of: count, unit: count, words: models got slower in a week}
attention:
  - column: slower_percent
    above: 50
    words: "{node_id} takes {seconds_now} instead of {seconds_before}"
chart: {kind: bar, x: node_id, y: [seconds_before, seconds_now]}
*/
with attributed as (

    select
        query_id,
        credits_attributed_compute as credits
    from snowflake.account_usage.query_attribution_history
    where start_time >= dateadd('day', -14, current_timestamp())

),

statements as (

    select
        history.query_type,
        history.start_time >= dateadd('day', -7, current_timestamp()) as is_now,
        (
            history.total_elapsed_time
            - coalesce(history.queued_provisioning_time, 0)
            - coalesce(history.queued_repair_time, 0)
            - coalesce(history.queued_overload_time, 0)
            - coalesce(history.transaction_blocked_time, 0)
        ) / 1000 as seconds,
        attributed.credits,
        try_parse_json(
            regexp_substr(
                right(history.query_text, 1000), $$/[*]\s*([{][^*]*"app":\s*"dbt"[^*]*[}])\s*[*]/$$, 1, 1, 'e', 1
            )
        ):node_id::varchar as node_id
    from snowflake.account_usage.query_history as history
    left join attributed
        on history.query_id = attributed.query_id
    where
        history.start_time >= dateadd('day', -14, current_timestamp())
        and history.execution_status = 'SUCCESS'
        and history.warehouse_size is not null
        and history.query_text like '%"dbt"%'

),

nodes as (

    select
        node_id,
        query_type,
        count_if(is_now) as runs_now,
        count_if(not is_now) as runs_before,
        median(iff(is_now, seconds, null)) as seconds_now,
        median(iff(is_now, null, seconds)) as seconds_before,
        approx_percentile(iff(is_now, seconds, null), 0.95) as slow_seconds_now,
        approx_percentile(iff(is_now, null, seconds), 0.95) as slow_seconds_before,
        avg(iff(is_now, credits, null)) as credits_now,
        avg(iff(is_now, null, credits)) as credits_before
    from statements
    where node_id is not null
    group by node_id, query_type

)

select
    node_id,
    query_type,
    100 * (seconds_now / nullif(seconds_before, 0) - 1) as slower_percent,
    seconds_now,
    seconds_before,
    slow_seconds_now,
    slow_seconds_before,
    credits_now,
    credits_before,
    runs_now,
    runs_before
from nodes
where
    runs_now >= 3
    and runs_before >= 3
    and seconds_now >= 1.2 * seconds_before
    and seconds_now >= seconds_before + 1
order by seconds_now - seconds_before desc, node_id
