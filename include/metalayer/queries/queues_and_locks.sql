/*
title: Queues and locks
question: What waited in the last 24 hours, on which warehouse, and for what?
why: >-
  Waiting for a free place means that a warehouse is too small or too shared; waiting for a start is only a warehouse
  that resumes; waiting for a lock means that two writers want one table. The three are mended in different ways.
  Snowflake gives the average number of waiting statements in each five minutes; times the length of the step this is
  seconds of waiting, of all statements together.
owner: data
group: now
views: [ACCOUNT_USAGE.WAREHOUSE_LOAD_HISTORY]
database_roles: [USAGE_VIEWER]
edition: standard
latency_minutes: 180
rhythm: daily
columns:
  - {name: hour, title: Hour, unit: time}
  - {name: warehouse_name, title: Warehouse, unit: name}
  - {name: queued_seconds, title: Waited for a free place, unit: seconds}
  - {name: starting_seconds, title: Waited for a start, unit: seconds}
  - {name: locked_seconds, title: Waited for a lock, unit: seconds}
  - {name: running_seconds, title: Running meanwhile, unit: seconds}
key: [hour, warehouse_name]
headline: {column: queued_seconds, of: sum, unit: seconds, words: waited for a free place in 24 hours}
attention:
  - column: queued_seconds
    above: 600
    words: "on {warehouse_name} statements waited {queued_seconds} for a free place in the hour of {hour}"
  - column: locked_seconds
    above: 600
    words: "on {warehouse_name} statements waited {locked_seconds} for a lock in the hour of {hour}"
chart: {kind: stacked, x: hour, y: [queued_seconds, starting_seconds, locked_seconds]}
*/
with steps as (

    select
        date_trunc('hour', convert_timezone('UTC', start_time)) as hour,
        warehouse_name,
        datediff('second', start_time, end_time) as step_seconds,
        avg_running,
        avg_queued_load,
        avg_queued_provisioning,
        avg_blocked
    from snowflake.account_usage.warehouse_load_history
    where start_time >= dateadd('hour', -24, current_timestamp())

)

select
    hour,
    warehouse_name,
    sum(avg_queued_load * step_seconds) as queued_seconds,
    sum(avg_queued_provisioning * step_seconds) as starting_seconds,
    sum(avg_blocked * step_seconds) as locked_seconds,
    sum(avg_running * step_seconds) as running_seconds
from steps
group by hour, warehouse_name
having queued_seconds + starting_seconds + locked_seconds > 0
order by hour, warehouse_name
