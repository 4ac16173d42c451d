-- What a run is billed: whole seconds, a minute at least, at the rate of the warehouse's size; and a minute at least of
-- what a larger size adds.
with runs as (
    select
        warehouse_name,
        begins,
        greatest(
            begins + interval 1 minute,
            begins + to_seconds(ceil(epoch(least(ends, now())) - epoch(begins)))
        ) as ends
    from snowflake._derived.runs
),

parts as (
    select
        r.warehouse_name,
        greatest(r.begins, e.begins) as begins,
        least(r.ends, e.ends) as ends,
        e.rate,
        e.rate - lag(e.rate, 1, e.rate) over (partition by r.warehouse_name, r.begins order by e.begins) as added
    from runs r
    inner join snowflake._derived.epochs e
        on e.warehouse_name = r.warehouse_name and e.begins < r.ends and e.ends > r.begins
)

select warehouse_name, begins, ends, rate from parts
union all
select warehouse_name, ends, begins + interval 1 minute, added
from parts
where added > 0 and ends < begins + interval 1 minute
