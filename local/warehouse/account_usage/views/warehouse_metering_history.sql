select
    h.hour as start_time,
    h.hour + interval 1 hour as end_time,
    coalesce(w.warehouse_id, 0) as warehouse_id,
    h.warehouse_name,
    h.compute + h.cloud_services as credits_used,
    h.compute as credits_used_compute,
    h.cloud_services as credits_used_cloud_services,
    h.attributed as credits_attributed_compute_queries
from snowflake._derived.metering h
left join snowflake._derived.warehouses w using (warehouse_name)
where h.hour <= as_of()
