/*
title: Warehouses, spent and idle
question: What did each warehouse cost in each hour of the last 31 days, and how much of it was idle?
why: >-
  The bill has three parts that add up to it exactly. Attributed: what Snowflake itself gives to statements, weighted by
  what ran at the same time. Not attributable: statements too short for that (about 100 ms); their share is reckoned
  from the time they ran, at what a millisecond of the attributed ones cost in that hour (over the whole time when there
  were none in it), and is never more than what is left. Idle: the rest, in which the warehouse was paid and nothing
  ran; a matter of auto_suspend, not of any model. Cloud services stand apart, before the daily ten percent. Hours that
  Snowflake has not finished attributing are left out; an adaptive warehouse is never idle and is not taken apart here.
owner: data
group: spend
views:
  - ACCOUNT_USAGE.WAREHOUSE_METERING_HISTORY
  - ACCOUNT_USAGE.QUERY_ATTRIBUTION_HISTORY
  - ACCOUNT_USAGE.QUERY_HISTORY
database_roles: [GOVERNANCE_VIEWER, USAGE_VIEWER]
edition: standard
latency_minutes: 480
rhythm: daily
columns:
  - {name: hour, title: Hour, unit: time}
  - {name: warehouse_name, title: Warehouse, unit: name}
  - {name: credits_metered, title: Metered, unit: credits}
  - {name: credits_attributed, title: Attributed, unit: credits}
  - {name: credits_idle, title: Idle, unit: credits}
  - {name: credits_not_attributable, title: Not attributable, unit: credits}
  - {name: credits_cloud_services, title: Cloud services, unit: credits}
  - {name: newest_day, title: In the newest 24 hours, unit: flag}
  - {name: idle_of_newest_day, title: Idle in the newest 24 hours, unit: credits}
key: [hour, warehouse_name]
headline: {column: credits_metered, of: sum, where: {newest_day: true}, unit: credits, words: on warehouses in 24 hours}
attention:
  - column: idle_of_newest_day
    above: 1
    words: "{warehouse_name} was paid {idle_of_newest_day} in 24 hours for doing nothing: look at its auto_suspend"
chart: {kind: stacked, x: hour, y: [credits_attributed, credits_idle, credits_not_attributable]}
*/
with attributed as (

    select
        query_id,
        max(end_time) as end_time
    from snowflake.account_usage.query_attribution_history
    where start_time >= dateadd('day', -31, current_timestamp())
    group by query_id

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
        coalesce(metering.credits_attributed_compute_queries, 0) as credits_attributed,
        metering.credits_used_cloud_services as credits_cloud_services,
        metering.start_time >= dateadd('hour', -25, settled.until) as newest_day
    from snowflake.account_usage.warehouse_metering_history as metering
    inner join settled
        on metering.end_time <= settled.until
    where metering.start_time >= dateadd('day', -31, current_timestamp())

),

worked as (

    select
        date_trunc('hour', convert_timezone('UTC', history.start_time)) as hour,
        history.warehouse_name,
        sum(iff(attributed.query_id is null, 0, history.execution_time)) as attributed_ms,
        sum(iff(attributed.query_id is null, history.execution_time, 0)) as short_ms
    from snowflake.account_usage.query_history as history
    left join attributed
        on history.query_id = attributed.query_id
    where
        history.start_time >= dateadd('day', -31, current_timestamp())
        and history.warehouse_size is not null
    group by 1, 2

),

priced as (

    select
        metered.hour,
        metered.warehouse_name,
        metered.credits_metered,
        metered.credits_attributed,
        metered.credits_cloud_services,
        metered.newest_day,
        metered.credits_metered - metered.credits_attributed as credits_left,
        coalesce(worked.short_ms, 0) * coalesce(
            metered.credits_attributed / nullif(worked.attributed_ms, 0),
            sum(metered.credits_attributed) over (partition by metered.warehouse_name)
            / nullif(sum(worked.attributed_ms) over (partition by metered.warehouse_name), 0),
            0
        ) as credits_short
    from metered
    left join worked
        on
            metered.hour = worked.hour
            and metered.warehouse_name = worked.warehouse_name

),

split as (

    select
        hour,
        warehouse_name,
        credits_metered,
        credits_attributed,
        credits_cloud_services,
        newest_day,
        credits_left,
        round(least(credits_short, greatest(credits_left, 0)), 9) as credits_not_attributable
    from priced

)

select
    hour,
    warehouse_name,
    credits_metered,
    credits_attributed,
    credits_left - credits_not_attributable as credits_idle,
    credits_not_attributable,
    credits_cloud_services,
    newest_day,
    -- Once per warehouse, at its newest hour.
    iff(
        row_number() over (partition by warehouse_name order by hour desc) = 1,
        sum(iff(newest_day, credits_left - credits_not_attributable, 0)) over (partition by warehouse_name),
        null
    ) as idle_of_newest_day
from split
order by hour, warehouse_name
