-- What statements did to a warehouse, and what it did by itself. Each start and stop is followed by WAREHOUSE_CONSISTENT,
-- in the same moment here.
with changes as (
    select *, size <> lag(size, 1, size) over (partition by warehouse_id order by changed_at) as is_resized
    from _history.main.warehouse_changes
),

events as (
    select
        changed_at as "timestamp",
        warehouse_id,
        warehouse_name,
        if(event = 'RENAME', 'ALTER', event) || '_WAREHOUSE' as event_name,
        if(event in ('SUSPEND', 'RESUME'), 'WAREHOUSE_' || event, null) as event_reason,
        if(event in ('ALTER', 'RENAME') and not is_resized, 'COMPLETED', 'STARTED') as event_state,
        user_name,
        role_name,
        query_id,
        size,
        warehouse_type
    from changes
    union all
    select
        changed_at, warehouse_id, warehouse_name, 'RESIZE_WAREHOUSE', 'WAREHOUSE_RESIZE', 'STARTED',
        user_name, role_name, query_id, size, warehouse_type
    from changes
    where is_resized
    union all
    select
        run.moment, e.warehouse_id, run.warehouse_name, run.event_name, run.event_reason, 'STARTED',
        null, null, null, e.size, e.warehouse_type
    from (
        select warehouse_name, begins as moment, 'RESUME_WAREHOUSE' as event_name, 'WAREHOUSE_AUTORESUME' as event_reason
        from snowflake._derived.all_runs
        union all
        select warehouse_name, ends, 'SUSPEND_WAREHOUSE', 'WAREHOUSE_AUTOSUSPEND' from snowflake._derived.all_runs
    ) run
    asof left join changes e on e.warehouse_name = run.warehouse_name and e.changed_at <= run.moment
    -- A start or stop by statement is among the changes already.
    where run.moment <= now() and (e.event is null or e.event not in ('SUSPEND', 'RESUME', 'DROP') or e.changed_at < run.moment)
)

select
    "timestamp", warehouse_id, warehouse_name, event_name, event_reason, event_state, user_name, role_name, query_id
from events
where "timestamp" <= as_of()
union all by name
select
    "timestamp",
    warehouse_id,
    warehouse_name,
    'WAREHOUSE_CONSISTENT' as event_name,
    'COMPLETED' as event_state,
    size,
    1 as cluster_count,
    warehouse_type
from events
where event_state = 'STARTED' and "timestamp" <= as_of()
