with refunds as (
    select * from {{ ref('stg_payments__refunds') }}
),

charges as (
    select * from {{ ref('stg_payments__charges') }}
)

select
    refunds.refund_id,
    refunds.charge_id,
    charges.order_id,
    charges.shop_id,
    charges.buyer_id,
    refunds.refund_status,
    refunds.refund_reason,
    refunds.amount,
    refunds.refunded_at,
    cast(refunds.refunded_at as date) as refunded_on
from refunds
-- A refund whose charge has not been loaded waits for the next load.
inner join charges on refunds.charge_id = charges.charge_id
