select
    hour as start_time,
    hour + interval 1 hour as end_time,
    warehouse_name,
    compute + cloud_services as credits_used,
    compute as credits_used_compute,
    cloud_services as credits_used_cloud_services
from snowflake._derived.metering
where hour >= given_date_range_start::timestamptz
    and hour <= coalesce(given_date_range_end, current_date)::timestamptz
    and (given_warehouse_name is null or warehouse_name = snowflake._derived.named(given_warehouse_name))
order by warehouse_name, hour
