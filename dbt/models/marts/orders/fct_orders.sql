with orders as (
    select * from {{ ref('stg_storefront__orders') }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
),

-- One row per order.
line_totals as (
    select
        order_id,
        count(*) as order_lines,
        sum(items) as items,
        sum(sales_value) as sales_value,
        sum(retail_discount) as retail_discount,
        sum(coupon_discount + coupon_match_discount) as coupon_discount
    from order_lines
    group by order_id
)

select
    orders.order_id,
    orders.shop_id,
    orders.buyer_id,
    subscriptions.plan_id,
    orders.order_status,
    orders.currency,
    orders.placed_at,
    cast(orders.placed_at as date) as placed_on,
    orders.fulfilled_at,
    orders.cancelled_at,
    orders.refunded_at,
    cast(coalesce(line_totals.order_lines, 0) as number(38, 0)) as order_lines,
    cast(coalesce(line_totals.items, 0) as number(38, 0)) as items,
    orders.total_amount,
    cast(coalesce(line_totals.sales_value, 0) as number(12, 2)) as sales_value,
    cast(coalesce(line_totals.retail_discount, 0) as number(12, 2)) as retail_discount,
    cast(coalesce(line_totals.coupon_discount, 0) as number(12, 2)) as coupon_discount,
    orders.refunded_amount,
    cast(
        case when orders.order_status = 'cancelled' then 0 else orders.total_amount - orders.refunded_amount end
        as number(12, 2)
    ) as net_sales,
    cast(round(orders.total_amount * subscriptions.transaction_fee_rate, 2) as number(12, 2)) as transaction_fee,
    orders.updated_at
from orders
left join line_totals on orders.order_id = line_totals.order_id
left join subscriptions
    on
        orders.shop_id = subscriptions.shop_id
        and orders.placed_at >= subscriptions.started_at
        and (orders.placed_at < subscriptions.ended_at or subscriptions.ended_at is null)
