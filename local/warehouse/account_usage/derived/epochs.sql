-- What a warehouse was from one change to the next. The first epoch reaches back to the beginning, and a warehouse that
-- nobody made is an X-Small with Snowflake's default of ten minutes.
with changes as (
    select
        warehouse_name,
        size,
        auto_suspend,
        changed_at,
        lag(changed_at) over changes_of_one as previous,
        lead(changed_at) over changes_of_one as following
    from _history.main.warehouse_changes
    window changes_of_one as (partition by warehouse_id order by changed_at)
),

known as (
    select
        warehouse_name,
        if(previous is null, '-infinity'::timestamptz, changed_at) as begins,
        coalesce(following, 'infinity'::timestamptz) as ends,
        size,
        if(auto_suspend > 0, to_seconds(auto_suspend), null) as auto_suspend
    from changes
),

unknown as (
    select warehouse_name, '-infinity'::timestamptz, 'infinity'::timestamptz, 'X-Small', interval 10 minutes
    from (
        select warehouse_name from snowflake._derived.work
        union
        select warehouse_name from snowflake._derived.carried
    )
    where warehouse_name not in (select warehouse_name from _history.main.warehouse_changes)
)

select *, snowflake._derived.credits_per_hour(size) as rate
from (from known union all from unknown)
