with charges as (
    select * from {{ ref('stg_payments__charges') }}
),

balance_transactions as (
    select * from {{ ref('stg_payments__balance_transactions') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
    where refund_status = 'succeeded'
),

payouts as (
    select * from {{ ref('fct_payouts') }}
),

-- One row per charge that was refunded.
refunds_of_charge as (
    select
        charge_id,
        sum(amount) as refunded_amount,
        max(refunded_at) as last_refunded_at
    from refunds
    group by charge_id
)

select
    charges.charge_id,
    charges.order_id,
    charges.shop_id,
    charges.buyer_id,
    payouts.payout_id,
    charges.charge_status,
    charges.currency,
    charges.charged_at,
    cast(charges.charged_at as date) as charged_on,
    charges.amount,
    balance_transactions.fee,
    cast(coalesce(refunds_of_charge.refunded_amount, 0) as number(12, 2)) as refunded_amount,
    cast(
        charges.amount - balance_transactions.fee - coalesce(refunds_of_charge.refunded_amount, 0) as number(12, 2)
    ) as net_amount,
    refunds_of_charge.last_refunded_at,
    balance_transactions.available_at
from charges
left join balance_transactions on charges.balance_transaction_id = balance_transactions.balance_transaction_id
left join refunds_of_charge on charges.charge_id = refunds_of_charge.charge_id
left join payouts
    on
        balance_transactions.available_at <= payouts.covers_until
        and (balance_transactions.available_at > payouts.covers_after or payouts.covers_after is null)
