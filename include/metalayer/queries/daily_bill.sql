/*
title: The bill, day by day
question: What has each service cost on each of the last 62 days?
why: >-
  This is the number that Snowflake invoices, in credits: compute, plus the part of cloud services above a tenth of the
  day's compute. Everything else on this page explains it. The running day is listed and marked, and never compared.
owner: data
group: spend
views: [ACCOUNT_USAGE.METERING_DAILY_HISTORY]
database_roles: [USAGE_VIEWER]
edition: standard
latency_minutes: 180
rhythm: daily
columns:
  - {name: day, title: Day, unit: date}
  - {name: service_type, title: Service, unit: name}
  - {name: credits_compute, title: Compute, unit: credits}
  - {name: credits_cloud_services, title: Cloud services, unit: credits}
  - {name: credits_adjustment, title: Not charged, unit: credits}
  - {name: credits_billed, title: Billed, unit: credits}
  - {name: credits_of_day, title: The whole day, unit: credits}
  - {name: complete, title: Day is over, unit: flag}
  - {name: over_usual_percent, title: Above the week before, unit: percent}
key: [day, service_type]
headline: {column: credits_of_day, of: last, where: {complete: true}, unit: credits, words: for the last whole day}
attention:
  - column: over_usual_percent
    above: 50
    words: "{day} cost {credits_of_day}, {over_usual_percent} above the average of the week before"
chart: {kind: stacked, x: day, y: credits_billed, series: service_type}
*/
with services as (

    select
        usage_date as day,
        service_type,
        credits_used_compute as credits_compute,
        credits_used_cloud_services as credits_cloud_services,
        credits_adjustment_cloud_services as credits_adjustment,
        credits_billed,
        sum(credits_billed) over (partition by usage_date) as credits_of_day,
        -- The largest service of a day stands for the day, so that each day is compared once.
        row_number() over (partition by usage_date order by credits_billed desc, service_type) as place
    from snowflake.account_usage.metering_daily_history
    where usage_date >= dateadd('day', -62, convert_timezone('UTC', current_timestamp())::date)

),

days as (

    select
        day,
        day < convert_timezone('UTC', current_timestamp())::date as complete,
        avg(credits_of_day) over (order by day rows between 7 preceding and 1 preceding) as usual_credits,
        count(day) over (order by day rows between 7 preceding and 1 preceding) as usual_days,
        row_number() over (
            partition by day < convert_timezone('UTC', current_timestamp())::date order by day desc
        ) as age
    from services
    where place = 1

)

select
    services.day,
    services.service_type,
    services.credits_compute,
    services.credits_cloud_services,
    services.credits_adjustment,
    services.credits_billed,
    services.credits_of_day,
    days.complete,
    iff(
        services.place = 1 and days.complete and days.age = 1 and days.usual_days >= 3,
        100 * (services.credits_of_day / nullif(days.usual_credits, 0) - 1),
        null
    ) as over_usual_percent
from services
inner join days
    on services.day = days.day
order by services.day, services.service_type
