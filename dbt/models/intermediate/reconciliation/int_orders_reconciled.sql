with sources as (
    select * from {{ ref('int_sources_watermarked') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

-- One row per order that was charged.
payments as (
    select
        order_id,
        sum(amount) as charged_amount,
        min(charged_at) as charged_at
    from {{ ref('fct_payments') }}
    where charge_status = 'succeeded'
    group by order_id
),

-- One row per order that was refunded. Refunds after the watermark are left out: their order may be older.
refunds as (
    select
        refunds.order_id,
        sum(refunds.amount) as paid_back_amount
    from {{ ref('fct_refunds') }} as refunds
    cross join sources
    where
        refunds.refund_status = 'succeeded'
        and refunds.refunded_at < sources.watermark
    group by refunds.order_id
),

-- One row per order that a buyer's device reported.
completions as (
    select
        order_id,
        count(*) as completions,
        min(occurred_at) as completed_at
    from {{ ref('stg_product_analytics__events') }}
    where event_type = 'order_completed'
    group by order_id
),

-- One row per order that any source knows of.
joined as (
    select
        coalesce(orders.order_id, payments.order_id, completions.order_id) as order_id,
        orders.order_id is not null as is_in_storefront,
        orders.shop_id,
        coalesce(orders.placed_at, payments.charged_at, completions.completed_at) as placed_at,
        coalesce(orders.updated_at, payments.charged_at, completions.completed_at) as updated_at,
        coalesce(orders.total_amount, 0) as total_amount,
        coalesce(orders.refunded_amount, 0) as refunded_amount,
        coalesce(payments.charged_amount, 0) as charged_amount,
        coalesce(completions.completions, 0) as completions
    from orders
    full outer join payments on orders.order_id = payments.order_id
    full outer join completions on coalesce(orders.order_id, payments.order_id) = completions.order_id
)

select
    joined.order_id,
    joined.is_in_storefront,
    joined.shop_id,
    joined.placed_at,
    joined.total_amount,
    joined.charged_amount,
    joined.refunded_amount,
    cast(coalesce(refunds.paid_back_amount, 0) as number(12, 2)) as paid_back_amount,
    joined.completions,
    joined.placed_at < dateadd(hour, -{{ var('event_lateness_hours') }}, sources.watermark) as is_completion_due
from joined
cross join sources
left join refunds on joined.order_id = refunds.order_id
where
    joined.placed_at < sources.watermark
    -- An order that changed after the watermark can be compared once all sources have come that far.
    and joined.updated_at < sources.watermark
