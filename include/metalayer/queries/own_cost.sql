/*
title: What these questions cost
question: What did asking all these questions cost in the last seven days?
why: >-
  Watching must stay cheaper than what it finds. Each question is named by its query tag; what is left of the meta
  warehouse (waking up for a question, and statements too short to be attributed) is a row of its own.
owner: data
group: spend
views:
  - ACCOUNT_USAGE.QUERY_HISTORY
  - ACCOUNT_USAGE.QUERY_ATTRIBUTION_HISTORY
  - ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY
database_roles: [GOVERNANCE_VIEWER, USAGE_VIEWER]
edition: standard
latency_minutes: 480
rhythm: weekly
columns:
  - {name: question_name, title: Question, unit: name}
  - {name: credits, title: Credits, unit: credits}
  - {name: statements, title: Statements, unit: count}
  - {name: elapsed_seconds, title: Took in all, unit: seconds}
  - {name: slowest_seconds, title: Slowest, unit: seconds}
  - {name: failed, title: Failed, unit: count}
  - {name: last_asked_at, title: Last asked, unit: time}
key: [question_name]
headline: {column: credits, of: sum, unit: credits, words: for asking in seven days}
attention:
  - column: slowest_seconds
    above: 300
    words: "{question_name} took {slowest_seconds} once: it must be bounded more tightly"
chart: {kind: bar, x: question_name, y: credits}
*/
with attributed as (

    select
        query_id,
        credits_attributed_compute as credits
    from snowflake.account_usage.query_attribution_history
    where start_time >= dateadd('day', -7, current_timestamp())

),

asked as (

    select
        coalesce(try_parse_json(history.query_tag):question::varchar, '(keeping and reading answers)') as question_name,
        history.warehouse_name,
        history.start_time,
        history.total_elapsed_time,
        history.execution_status,
        attributed.credits
    from snowflake.account_usage.query_history as history
    left join attributed
        on history.query_id = attributed.query_id
    where
        history.start_time >= dateadd('day', -7, current_timestamp())
        and history.query_tag like '%"meta"%'
        and try_parse_json(history.query_tag):app::varchar = 'meta'

),

questions as (

    select
        question_name,
        coalesce(sum(credits), 0) as credits,
        count(start_time) as statements,
        sum(total_elapsed_time) / 1000 as elapsed_seconds,
        max(total_elapsed_time) / 1000 as slowest_seconds,
        count_if(execution_status <> 'SUCCESS') as failed,
        max(start_time) as last_asked
    from asked
    group by question_name

),

metered as (

    select sum(credits_used_compute) as credits
    from snowflake.account_usage.warehouse_metering_history
    where
        start_time >= dateadd('day', -7, current_timestamp())
        and warehouse_name = 'META_WH'

),

given as (

    select sum(credits) as credits
    from asked
    where warehouse_name = 'META_WH'

)

select
    question_name,
    credits,
    statements,
    elapsed_seconds,
    slowest_seconds,
    failed,
    convert_timezone('UTC', last_asked) as last_asked_at
from questions
union all
select
    '(META_WH: idle and short statements)' as question_name,
    metered.credits - coalesce(given.credits, 0) as credits,
    null as statements,
    null as elapsed_seconds,
    null as slowest_seconds,
    null as failed,
    null as last_asked_at
from metered
cross join given
where metered.credits is not null
order by credits desc, question_name
