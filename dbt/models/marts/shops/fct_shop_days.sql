with orders as (
    select * from {{ ref('fct_orders') }}
),

payments as (
    select * from {{ ref('fct_payments') }}
    where charge_status = 'succeeded'
),

refunds as (
    select * from {{ ref('fct_refunds') }}
    where refund_status = 'succeeded'
),

visits as (
    select * from {{ ref('fct_visits') }}
),

-- Each of the following has one row per shop and day.
order_days as (
    select
        shop_id,
        placed_on as date_day,
        count(*) as orders,
        sum(order_lines) as order_lines,
        sum(sales_value) as sales,
        count_if(order_status = 'cancelled') as cancelled_orders,
        sum(case when order_status = 'cancelled' then total_amount else 0 end) as cancelled_sales,
        sum(case when order_status <> 'cancelled' then refunded_amount else 0 end) as refunded_sales,
        sum(net_sales) as net_sales,
        sum(transaction_fee) as transaction_fees
    from orders
    group by shop_id, placed_on
),

payment_days as (
    select
        shop_id,
        charged_on as date_day,
        sum(amount) as charged,
        sum(fee) as processing_fees
    from payments
    group by shop_id, charged_on
),

refund_days as (
    select
        shop_id,
        refunded_on as date_day,
        sum(amount) as paid_back
    from refunds
    group by shop_id, refunded_on
),

visit_days as (
    select
        shop_id,
        started_on as date_day,
        count(*) as visits,
        count_if(has_converted) as converted_visits
    from visits
    group by shop_id, started_on
),

shop_days as (
    select
        shop_id,
        date_day
    from order_days
    union distinct
    select
        shop_id,
        date_day
    from payment_days
    union distinct
    select
        shop_id,
        date_day
    from refund_days
    union distinct
    select
        shop_id,
        date_day
    from visit_days
)

select
    shop_days.shop_id,
    shop_days.date_day,
    cast(coalesce(order_days.orders, 0) as number(38, 0)) as orders,
    cast(coalesce(order_days.order_lines, 0) as number(38, 0)) as order_lines,
    cast(coalesce(order_days.sales, 0) as number(12, 2)) as sales,
    cast(coalesce(order_days.cancelled_orders, 0) as number(38, 0)) as cancelled_orders,
    cast(coalesce(order_days.cancelled_sales, 0) as number(12, 2)) as cancelled_sales,
    cast(coalesce(order_days.refunded_sales, 0) as number(12, 2)) as refunded_sales,
    cast(coalesce(order_days.net_sales, 0) as number(12, 2)) as net_sales,
    cast(coalesce(order_days.transaction_fees, 0) as number(12, 2)) as transaction_fees,
    cast(coalesce(payment_days.charged, 0) as number(12, 2)) as charged,
    cast(coalesce(payment_days.processing_fees, 0) as number(12, 2)) as processing_fees,
    cast(coalesce(refund_days.paid_back, 0) as number(12, 2)) as paid_back,
    cast(coalesce(visit_days.visits, 0) as number(38, 0)) as visits,
    cast(coalesce(visit_days.converted_visits, 0) as number(38, 0)) as converted_visits
from shop_days
left join order_days on shop_days.shop_id = order_days.shop_id and shop_days.date_day = order_days.date_day
left join payment_days on shop_days.shop_id = payment_days.shop_id and shop_days.date_day = payment_days.date_day
left join refund_days on shop_days.shop_id = refund_days.shop_id and shop_days.date_day = refund_days.date_day
left join visit_days on shop_days.shop_id = visit_days.shop_id and shop_days.date_day = visit_days.date_day
