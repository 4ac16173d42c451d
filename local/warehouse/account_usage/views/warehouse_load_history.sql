-- Nothing here ever waits for a warehouse to start.
select
    l.step as start_time,
    l.step + interval 5 minutes as end_time,
    w.warehouse_id,
    l.warehouse_name,
    coalesce(sum(l.busy_seconds) filter (where l.state = 'running'), 0) / 300 as avg_running,
    coalesce(sum(l.busy_seconds) filter (where l.state = 'queued'), 0) / 300 as avg_queued_load,
    0 as avg_queued_provisioning,
    coalesce(sum(l.busy_seconds) filter (where l.state = 'blocked'), 0) / 300 as avg_blocked
from snowflake._derived.load_steps(300) l
left join snowflake._derived.warehouses w using (warehouse_name)
where l.step <= as_of()
group by all
