with payouts as (
    select * from {{ ref('stg_payments__payouts') }}
),

balance_transactions as (
    select * from {{ ref('stg_payments__balance_transactions') }}
    where transaction_type <> 'payout'
),

-- One row per payout. It pays what became available after the payout before it: on a day that is short of money
-- there is none, and the next one pays less.
periods as (
    select
        payout_id,
        amount,
        paid_out_at,
        arrives_at,
        lag(paid_out_at) over (order by paid_out_at) as covers_after,
        paid_out_at as covers_until
    from payouts
),

availabilities as (
    select
        available_at,
        count(*) as entries,
        sum(net) as total_net
    from balance_transactions
    group by available_at
)

select
    periods.payout_id,
    periods.amount,
    periods.paid_out_at,
    periods.arrives_at,
    periods.covers_after,
    periods.covers_until,
    cast(coalesce(sum(availabilities.entries), 0) as number(38, 0)) as covered_transactions,
    cast(coalesce(sum(availabilities.total_net), 0) as number(12, 2)) as covered_net
from periods
left join availabilities
    on
        periods.covers_until >= availabilities.available_at
        and (periods.covers_after < availabilities.available_at or periods.covers_after is null)
group by
    periods.payout_id,
    periods.amount,
    periods.paid_out_at,
    periods.arrives_at,
    periods.covers_after,
    periods.covers_until
