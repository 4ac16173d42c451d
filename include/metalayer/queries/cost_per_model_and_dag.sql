/*
title: Cost of models and DAGs
question: What did each dbt model, task, load, question and person cost in the last seven days, on which warehouse?
why: >-
  Who decides what to build should see what it costs. Attributed is what Snowflake gives to the statements themselves.
  The rest of each hour (idle time and statements too short to be attributed) is shared out by what was attributed in
  that hour and stands apart, because it is a matter of auto_suspend and not of the model. What cannot be given to
  anybody is the row of nobody, so that the rows of a warehouse add up to what was metered for it.
owner: data
group: spend
views:
  - ACCOUNT_USAGE.QUERY_ATTRIBUTION_HISTORY
  - ACCOUNT_USAGE.QUERY_HISTORY
  - ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY
database_roles: [GOVERNANCE_VIEWER, USAGE_VIEWER]
edition: standard
latency_minutes: 480
rhythm: daily
columns:
  - {name: kind, title: Kind, unit: text}
  - {name: job, title: What, unit: name}
  - {name: dag_id, title: DAG, unit: name}
  - {name: task_id, title: Task, unit: name}
  - {name: warehouse_name, title: Warehouse, unit: name}
  - {name: warehouse_size, title: Size, unit: text}
  - {name: credits_total, title: In all, unit: credits}
  - {name: credits_attributed, title: Attributed, unit: credits}
  - {name: credits_shared, title: Share of the rest, unit: credits}
  - {name: credits_per_run, title: A run, unit: credits}
  - {name: runs, title: Runs, unit: count}
  - {name: statements, title: Statements, unit: count}
  - {name: execution_seconds, title: Ran for, unit: seconds}
key: [kind, job, dag_id, task_id, warehouse_name, warehouse_size]
headline: {column: credits_total, of: sum, unit: credits, words: on warehouses in seven days}
chart: {kind: bar, x: job, y: [credits_attributed, credits_shared]}
*/
with attributed as (

    select
        query_id,
        end_time,
        credits_attributed_compute as credits
    from snowflake.account_usage.query_attribution_history
    where start_time >= dateadd('day', -7, current_timestamp())

),

settled as (

    -- An hour is complete once a later statement has been attributed, and at the latest after eight hours.
    select
        greatest(coalesce(max(end_time), '1970-01-01'::timestamp_ltz), dateadd('hour', -8, current_timestamp()))
            as until
    from attributed

),

metered as (

    select
        convert_timezone('UTC', metering.start_time) as hour,
        metering.warehouse_name,
        metering.credits_used_compute as credits_metered,
        metering.credits_used_compute - coalesce(metering.credits_attributed_compute_queries, 0) as credits_left
    from snowflake.account_usage.warehouse_metering_history as metering
    inner join settled
        on metering.end_time <= settled.until
    where
        metering.start_time >= dateadd('day', -7, current_timestamp())
        and metering.credits_used_compute > 0

),

statements as (

    select
        date_trunc('hour', convert_timezone('UTC', history.start_time)) as hour,
        history.warehouse_name,
        history.warehouse_size,
        history.user_name,
        history.execution_time,
        attributed.credits,
        try_parse_json(history.query_tag) as tag,
        try_parse_json(
            regexp_substr(
                right(history.query_text, 1000), $$/[*]\s*([{][^*]*"app":\s*"dbt"[^*]*[}])\s*[*]/$$, 1, 1, 'e', 1
            )
        ) as dbt
    from snowflake.account_usage.query_history as history
    inner join attributed
        on history.query_id = attributed.query_id
    where history.start_time >= dateadd('day', -7, current_timestamp())

),

jobs as (

    select
        case
            when dbt:node_id is not null then 'dbt'
            when tag:app::varchar = 'airflow' then 'task'
            when tag:app::varchar = 'meta' then 'question'
            when tag:app::varchar = 'airbyte' then 'load'
            else 'user'
        end as kind,
        coalesce(
            dbt:node_id::varchar, tag:dag::varchar || '.' || tag:task::varchar, tag:question::varchar, user_name
        ) as job,
        tag:dag::varchar as dag_id,
        tag:task::varchar as task_id,
        warehouse_name,
        warehouse_size,
        hour,
        coalesce(dbt:invocation_id::varchar, tag:run::varchar) as run_id,
        credits,
        execution_time
    from statements

),

hours as (

    select
        metered.hour,
        metered.warehouse_name,
        metered.credits_metered,
        metered.credits_left,
        sum(jobs.credits) as credits_attributed
    from metered
    left join jobs
        on
            metered.hour = jobs.hour
            and metered.warehouse_name = jobs.warehouse_name
    group by 1, 2, 3, 4

),

shared as (

    select
        jobs.kind,
        jobs.job,
        jobs.dag_id,
        jobs.task_id,
        jobs.warehouse_name,
        jobs.warehouse_size,
        sum(jobs.credits) as credits_attributed,
        sum(jobs.credits / hours.credits_attributed * hours.credits_left) as credits_shared,
        count(distinct jobs.run_id) as runs,
        count(jobs.credits) as statements,
        sum(jobs.execution_time) / 1000 as execution_seconds
    from jobs
    inner join hours
        on
            jobs.hour = hours.hour
            and jobs.warehouse_name = hours.warehouse_name
    where hours.credits_attributed > 0
    group by 1, 2, 3, 4, 5, 6

),

given as (

    select
        warehouse_name,
        sum(credits_attributed + credits_shared) as credits_given
    from shared
    group by warehouse_name

),

-- What is left over of each warehouse, also from statements that reach over the ends of the seven days.
nobody as (

    select
        hours.warehouse_name,
        sum(hours.credits_metered) - coalesce(max(given.credits_given), 0) as credits_left
    from hours
    left join given
        on hours.warehouse_name = given.warehouse_name
    group by hours.warehouse_name

)

select
    kind,
    job,
    dag_id,
    task_id,
    warehouse_name,
    warehouse_size,
    credits_attributed + credits_shared as credits_total,
    credits_attributed,
    credits_shared,
    (credits_attributed + credits_shared) / nullif(runs, 0) as credits_per_run,
    runs,
    statements,
    execution_seconds
from shared
union all
select
    'nobody' as kind,
    'nobody' as job,
    null as dag_id,
    null as task_id,
    warehouse_name,
    null as warehouse_size,
    credits_left as credits_total,
    0 as credits_attributed,
    credits_left as credits_shared,
    null as credits_per_run,
    0 as runs,
    0 as statements,
    0 as execution_seconds
from nobody
where abs(credits_left) > 1e-9
order by credits_total desc, kind, job, warehouse_name
