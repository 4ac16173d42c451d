with used as (
    select c.resource_monitor, sum(m.compute + m.cloud_services) as credits, string_agg(distinct c.warehouse_name, ', ') as warehouses
    from (
        select warehouse_name, arg_max(resource_monitor, changed_at) as resource_monitor
        from _history.main.warehouse_changes
        group by warehouse_name
    ) c
    left join snowflake._derived.metering m
        on m.warehouse_name = c.warehouse_name and m.hour >= date_trunc('month', as_of()) and m.hour <= as_of()
    group by c.resource_monitor
)

select
    t.name,
    t.created_on as created,
    (t.properties -> 'CREDIT_QUOTA') as credit_quota,
    to_json(coalesce(used.credits, 0)::double) as used_credits,
    (t.properties ->> 'CREDIT_QUOTA')::double - coalesce(used.credits, 0)::double as remaining_credits,
    t.owner,
    used.warehouses,
    try_cast(rtrim(split_part(t.properties ->> 'NOTIFY_AT', ',', 1), '%') as bigint) as notify,
    try_cast(rtrim(split_part(t.properties ->> 'SUSPEND_AT', ',', 1), '%') as bigint) as suspend,
    try_cast(rtrim(split_part(t.properties ->> 'SUSPEND_IMMEDIATELY_AT', ',', 1), '%') as bigint) as suspend_immediate,
    'WAREHOUSE' as level
from snowflake._derived.things t
left join used on used.resource_monitor = t.name
where t.kind = 'RESOURCE MONITOR' and t.created_on <= as_of()
