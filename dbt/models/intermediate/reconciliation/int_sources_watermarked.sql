with orders as (
    select max(updated_at) as loaded_until from {{ ref('fct_orders') }}
),

order_lines as (
    select max(placed_at) as loaded_until from {{ ref('fct_order_lines') }}
),

payments as (
    select max(charged_at) as loaded_until from {{ ref('fct_payments') }}
),

visits as (
    select max(uploaded_at) as loaded_until from {{ ref('fct_visits') }}
)

select
    orders.loaded_until as orders_until,
    order_lines.loaded_until as order_lines_until,
    payments.loaded_until as payments_until,
    visits.loaded_until as visits_until,
    dateadd(
        minute,
        -{{ var('watermark_margin_minutes') }},
        least(orders.loaded_until, order_lines.loaded_until, payments.loaded_until, visits.loaded_until)
    ) as watermark
from orders
cross join order_lines
cross join payments
cross join visits
