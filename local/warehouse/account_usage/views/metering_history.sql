select
    'WAREHOUSE_METERING' as service_type,
    h.hour as start_time,
    h.hour + interval 1 hour as end_time,
    coalesce(w.warehouse_id, 0) as entity_id,
    'WAREHOUSE' as entity_type,
    h.warehouse_name as name,
    h.compute as credits_used_compute,
    h.cloud_services as credits_used_cloud_services,
    h.compute + h.cloud_services as credits_used
from snowflake._derived.metering h
left join snowflake._derived.warehouses w using (warehouse_name)
where h.hour <= as_of()
