-- Seconds that statements ran, queued or were blocked, by warehouse and step of so many seconds.
with states as (
    select
        warehouse_name,
        start_time as begins,
        start_time + to_milliseconds(coalesce(queued_overload_time, 0)) as ends,
        'queued' as state
    from _history.main.queries
    where warehouse_size is not null and queued_overload_time > 0
    union all
    select
        warehouse_name,
        start_time + to_milliseconds(coalesce(queued_overload_time, 0)),
        start_time + to_milliseconds(coalesce(queued_overload_time, 0) + transaction_blocked_time),
        'blocked'
    from _history.main.queries
    where warehouse_size is not null and transaction_blocked_time > 0
    union all
    select warehouse_name, begins, ends, 'running' from snowflake._derived.all_work
),

stepped as (
    select
        *,
        unnest(
            generate_series(
                time_bucket(to_seconds(seconds), begins, '1970-01-01'::timestamptz), ends, to_seconds(seconds)
            )
        ) as step
    from states
)

select
    warehouse_name,
    step,
    state,
    (epoch_us(least(ends, step + to_seconds(seconds))) - epoch_us(greatest(begins, step))) / 1e6 as busy_seconds
from stepped
where step < ends
