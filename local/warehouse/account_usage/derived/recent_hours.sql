-- Credits by warehouse and UTC hour, of the hours since `until`. Statements without a warehouse cost cloud services too.
with compute as (
    select
        warehouse_name,
        hour,
        sum(rate * (epoch_us(least(ends, hour + interval 1 hour)) - epoch_us(greatest(begins, hour)))) / 3.6e9 as credits
    from (
        select
            *,
            unnest(
                generate_series(
                    date_trunc('hour', greatest(begins, snowflake._derived.until())), ends, interval 1 hour
                )
            ) as hour
        from snowflake._derived.billed
    )
    where hour < ends
    group by warehouse_name, hour
),

attributed as (
    select warehouse_name, date_trunc('hour', moment) as hour, sum(attributed) as credits
    from snowflake._derived.shares
    group by all
),

cloud_services as (
    select
        coalesce(warehouse_name, 'CLOUD_SERVICES_ONLY') as warehouse_name,
        date_trunc('hour', start_time) as hour,
        sum(snowflake._derived.cloud_services_credits(compilation_time)) as credits
    from _history.main.queries
    where end_time >= snowflake._derived.until() and start_time >= snowflake._derived.until()
    group by all
)

select
    warehouse_name,
    hour,
    coalesce(compute.credits, 0)::decimal(38, 9) as compute,
    coalesce(cloud_services.credits, 0)::decimal(38, 9) as cloud_services,
    coalesce(attributed.credits, 0)::decimal(38, 9) as attributed
from compute
full join cloud_services using (warehouse_name, hour)
left join attributed using (warehouse_name, hour)
