-- Each moment since `until` at which the number of busy statements of a warehouse changes, with the credits that each of
-- them has used since then: a statement's share is the difference between two moments. `attributed` is what the
-- statements that count have used together from this moment to the next; at each full hour there is a moment too.
with edges as (
    select warehouse_name, counts_from as moment, 1 as busy, is_attributable::int as attributable
    from snowflake._derived.work
    union all
    select warehouse_name, ends, -1, -is_attributable::int from snowflake._derived.work
    union all
    select warehouse_name, begins, 0, 0 from snowflake._derived.epochs
    where isfinite(begins) and begins > snowflake._derived.until()
    union all
    select distinct
        warehouse_name,
        unnest(generate_series(date_trunc('hour', counts_from) + interval 1 hour, ends, interval 1 hour)),
        0,
        0
    from snowflake._derived.work
    where date_trunc('hour', counts_from) < date_trunc('hour', ends)
),

moments as (
    select warehouse_name, moment, sum(busy) as change, sum(attributable) as attributable_change
    from edges
    group by warehouse_name, moment
),

steps as (
    select
        m.warehouse_name,
        m.moment,
        sum(m.change) over so_far as busy,
        sum(m.attributable_change) over so_far as attributable,
        (epoch_us(lead(m.moment) over so_far) - epoch_us(m.moment)) * e.rate / 3.6e9 as credits
    from moments m
    asof inner join snowflake._derived.epochs e on e.warehouse_name = m.warehouse_name and e.begins <= m.moment
    window so_far as (partition by m.warehouse_name order by m.moment)
)

select
    warehouse_name,
    moment,
    if(busy > 0, credits * attributable / busy, 0) as attributed,
    coalesce(
        sum(if(busy > 0, credits / busy, 0)) over (
            partition by warehouse_name order by moment rows between unbounded preceding and 1 preceding
        ),
        0
    ) as each_so_far
from steps
