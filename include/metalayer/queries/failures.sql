/*
title: Failures
question: Which statements failed in the last 24 hours, and do they fail newly or again?
why: >-
  A statement that fails newly is news; one that fails every day has been given up by somebody, and still costs. Only
  failures of the pipeline's own users ask for attention: people may try things out. Cancelled statements are marked.
owner: data
group: health
views: [ACCOUNT_USAGE.QUERY_HISTORY]
database_roles: [GOVERNANCE_VIEWER]
edition: standard
latency_minutes: 45
rhythm: daily
columns:
  - {name: state, title: State, unit: text}
  - {name: job, title: What, unit: name}
  - {name: user_name, title: User, unit: name}
  - {name: in_pipeline, title: Pipeline, unit: flag}
  - {name: failures_24h, title: Failures in 24 hours, unit: count}
  - {name: failures_14d, title: In 14 days, unit: count}
  - {name: first_failed_at, title: First, unit: time}
  - {name: last_failed_at, title: Last, unit: time}
  - {name: error_code, title: Code, unit: text}
  - {name: error_message, title: Error, unit: text}
  - {name: warehouse_name, title: Warehouse, unit: name}
  - {name: query_text, title: Statement, unit: text}
  - {name: query_id, title: Query id, unit: name}
  - {name: shape, title: Shape, unit: name}
key: [shape, user_name, error_code]
headline: {column: failures_24h, of: sum, unit: count, words: failed statements in 24 hours}
attention:
  - column: in_pipeline
    equals: true
    words: "{job} failed {failures_24h} times in 24 hours, {state}: {error_message}"
*/
with pipeline_users as (

    select user_name
    from (values ('LOADER'), ('META'), ('TRANSFORMER')) as service (user_name)

),

failed as (

    select
        -- A statement that cannot be parsed has no hash.
        coalesce(query_parameterized_hash, md5(query_text)) as shape,
        user_name,
        coalesce(error_code::varchar, '') as error_code,
        count_if(start_time >= dateadd('hour', -24, current_timestamp())) as failures_24h,
        count(query_id) as failures_14d,
        min(start_time) as first_failed,
        max(start_time) as last_failed,
        max_by(error_message, start_time) as error_message,
        max_by(warehouse_name, start_time) as warehouse_name,
        max_by(query_text, start_time) as query_text,
        max_by(query_tag, start_time) as query_tag,
        max_by(query_id, start_time) as query_id
    from snowflake.account_usage.query_history
    where
        start_time >= dateadd('day', -14, current_timestamp())
        and execution_status in ('FAIL', 'INCIDENT')
    group by 1, 2, 3
    having count_if(start_time >= dateadd('hour', -24, current_timestamp())) > 0

),

named as (

    select
        failed.shape,
        failed.user_name,
        failed.error_code,
        failed.failures_24h,
        failed.failures_14d,
        failed.first_failed,
        failed.last_failed,
        failed.error_message,
        failed.warehouse_name,
        failed.query_text,
        failed.query_id,
        pipeline_users.user_name is not null as in_pipeline,
        try_parse_json(failed.query_tag) as tag,
        try_parse_json(
            regexp_substr(
                right(failed.query_text, 1000), $$/[*]\s*([{][^*]*"app":\s*"dbt"[^*]*[}])\s*[*]/$$, 1, 1, 'e', 1
            )
        ) as dbt
    from failed
    left join pipeline_users
        on failed.user_name = pipeline_users.user_name

)

select
    case
        when error_message ilike '%execution canceled%' then 'cancelled'
        when first_failed >= dateadd('hour', -24, current_timestamp()) then 'new'
        else 'again'
    end as state,
    coalesce(dbt:node_id::varchar, tag:dag::varchar || '.' || tag:task::varchar, tag:question::varchar, user_name)
        as job,
    user_name,
    in_pipeline,
    failures_24h,
    failures_14d,
    convert_timezone('UTC', first_failed) as first_failed_at,
    convert_timezone('UTC', last_failed) as last_failed_at,
    error_code,
    left(error_message, 300) as error_message,
    warehouse_name,
    left(query_text, 500) as query_text,
    query_id,
    shape
from named
order by in_pipeline desc, last_failed_at desc, shape
