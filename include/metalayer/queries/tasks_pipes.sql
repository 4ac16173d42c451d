/*
title: Scheduled inside Snowflake
question: Is anything scheduled inside Snowflake that the pipelines do not know of?
why: >-
  For a team that schedules with Airflow the answer should be "nothing". A task, a pipe or another service that runs by
  itself is work that no DAG shows and nobody is told about when it fails. Tasks are named with their failures, services
  with what they cost in seven days; warehouses are not services.
owner: data
group: access
views: [ACCOUNT_USAGE.TASK_HISTORY, ACCOUNT_USAGE.METERING_HISTORY]
database_roles: [USAGE_VIEWER]
edition: standard
latency_minutes: 180
rhythm: weekly
columns:
  - {name: kind, title: Kind, unit: text}
  - {name: name, title: Name, unit: name}
  - {name: runs, title: Runs in 7 days, unit: count}
  - {name: failed, title: Failed, unit: count}
  - {name: last_run_at, title: Last run, unit: time}
  - {name: credits, title: Credits, unit: credits}
  - {name: last_error, title: Last error, unit: text}
key: [kind, name]
headline: {of: count, unit: count, words: things run inside Snowflake by themselves}
attention:
  - column: failed
    above: 0
    words: "{name} failed {failed} times in seven days: {last_error}"
*/
select
    'task' as kind,
    database_name || '.' || schema_name || '.' || name as name,
    count(scheduled_time) as runs,
    count_if(state = 'FAILED') as failed,
    convert_timezone('UTC', max(coalesce(query_start_time, scheduled_time))) as last_run_at,
    null::float as credits,
    left(max_by(error_message, iff(state = 'FAILED', scheduled_time, null)), 300) as last_error
from snowflake.account_usage.task_history
where scheduled_time >= dateadd('day', -7, current_timestamp())
group by 1, 2
union all
select
    lower(service_type) as kind,
    coalesce(database_name || '.' || schema_name || '.' || name, name, service_type) as name,
    count(start_time) as runs,
    0 as failed,
    convert_timezone('UTC', max(end_time)) as last_run_at,
    sum(credits_used)::float as credits,
    null as last_error
from snowflake.account_usage.metering_history
where
    start_time >= dateadd('day', -7, current_timestamp())
    and service_type not in ('WAREHOUSE_METERING', 'WAREHOUSE_METERING_READER', 'CLOUD_SERVICES')
group by 1, 2
order by kind, name
