-- From when until when something kept a warehouse awake: a statement (or RESUME) with AUTO_SUSPEND after it, or until
-- SUSPEND or DROP, which let running statements end. `busy_until` is NULL for what stands for the past of a run.
with stops as (
    select warehouse_name, changed_at as moment
    from _history.main.warehouse_changes
    where event in ('SUSPEND', 'DROP')
),

busy as (
    select warehouse_name, begins, ends from snowflake._derived.work
    union all
    select warehouse_name, begins, ends from snowflake._derived.carried
    union all
    select warehouse_name, changed_at, changed_at
    from _history.main.warehouse_changes
    where event = 'RESUME' and changed_at >= snowflake._derived.until()
)

select
    b.warehouse_name,
    b.begins,
    b.ends as busy_until,
    greatest(
        b.ends,
        least(coalesce(b.ends + e.auto_suspend, 'infinity'::timestamptz), coalesce(s.moment, 'infinity'::timestamptz))
    ) as ends
from busy b
asof inner join snowflake._derived.epochs e on e.warehouse_name = b.warehouse_name and e.begins <= b.ends
asof left join stops s on s.warehouse_name = b.warehouse_name and s.moment >= b.begins
union all
select warehouse_name, run_begins, null, begins from snowflake._derived.carried
