-- Cloud services are paid only above a tenth of the compute of the same UTC day.
select
    'WAREHOUSE_METERING' as service_type,
    hour::date as usage_date,
    sum(compute) as credits_used_compute,
    sum(cloud_services) as credits_used_cloud_services,
    sum(compute) + sum(cloud_services) as credits_used,
    -least(sum(cloud_services), sum(compute) * 0.1::decimal(2, 1)) as credits_adjustment_cloud_services,
    sum(compute) + sum(cloud_services) - least(sum(cloud_services), sum(compute) * 0.1::decimal(2, 1)) as credits_billed
from snowflake._derived.metering
where hour <= as_of()
group by usage_date
