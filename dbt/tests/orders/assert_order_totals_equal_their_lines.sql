-- Fails if an order's total is not the sum of its lines. The lines of the newest orders may come with the next load.
with orders as (
    select * from {{ ref('fct_orders') }}
),

newest as (
    select dateadd(minute, -{{ var('watermark_margin_minutes') }}, max(placed_at)) as settled_before
    from {{ ref('fct_order_lines') }}
)

select
    orders.order_id,
    orders.total_amount,
    orders.sales_value
from orders
cross join newest
where
    orders.sales_value <> orders.total_amount
    and orders.placed_at < newest.settled_before
