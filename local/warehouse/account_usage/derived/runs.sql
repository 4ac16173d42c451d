-- When a warehouse ran. `ends` may be in the future: then it runs now. Of the runs that ended before `until` only those
-- are here of which a part of the first minute may still have to be billed.
with marked as (
    select *, coalesce(begins > max(ends) over earlier, false)::int as is_resumed
    from snowflake._derived.kept
    window earlier as (
        partition by warehouse_name order by begins, ends rows between unbounded preceding and 1 preceding
    )
)

select warehouse_name, min(begins) as begins, max(ends) as ends
from (
    select
        *,
        sum(is_resumed) over (
            partition by warehouse_name order by begins, ends rows between unbounded preceding and current row
        ) as run
    from marked
)
group by warehouse_name, run
having max(ends) > snowflake._derived.until() - interval 1 minute
