select
    l.step as start_time,
    l.step + to_seconds(w.seconds) as end_time,
    l.warehouse_name,
    coalesce(sum(l.busy_seconds) filter (where l.state = 'running'), 0) / w.seconds as avg_running,
    coalesce(sum(l.busy_seconds) filter (where l.state = 'queued'), 0) / w.seconds as avg_queued_load,
    0 as avg_queued_provisioning,
    coalesce(sum(l.busy_seconds) filter (where l.state = 'blocked'), 0) / w.seconds as avg_blocked
from (
    select
        coalesce(given_date_range_end, current_date)::timestamptz as until,
        coalesce(given_date_range_start, until - interval 10 minutes)::timestamptz as since,
        if(until - since < interval 8 hours, 5, 300) as seconds
) w
cross join (
    select *, 5 as seconds from snowflake._derived.load_steps(5)
    union all
    select *, 300 as seconds from snowflake._derived.load_steps(300)
) l
where l.seconds = w.seconds and l.step >= w.since and l.step < w.until
    and l.warehouse_name = snowflake._derived.named(given_warehouse_name)
group by l.step, l.warehouse_name, w.seconds
order by l.step
