-- Fails if a charge has no balance transaction, and so no fee, although it must have been loaded by now.
with payments as (
    select * from {{ ref('fct_payments') }}
),

newest as (
    select dateadd(minute, -{{ var('watermark_margin_minutes') }}, max(charged_at)) as settled_before
    from payments
)

select
    payments.charge_id,
    payments.charged_at
from payments
cross join newest
where
    payments.fee is null
    and payments.charge_status = 'succeeded'
    and payments.charged_at < newest.settled_before
