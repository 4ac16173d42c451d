with shop_days as (
    select * from {{ ref('fct_shop_days') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
),

-- One row per day from the first to the last on which anything happened, also when nothing did in between.
bounds as (
    select
        min(date_day) as first_day,
        max(date_day) as last_day
    from shop_days
),

numbers as (
    select row_number() over (order by seq4()) - 1 as days_later
    from table(generator(rowcount => 10000))
),

days as (
    select cast(dateadd(day, numbers.days_later, bounds.first_day) as date) as date_day
    from bounds
    inner join numbers on datediff(day, bounds.first_day, bounds.last_day) >= numbers.days_later
),

shop_day_totals as (
    select
        date_day,
        count_if(orders > 0) as active_shops,
        sum(orders) as orders,
        sum(order_lines) as order_lines,
        sum(sales) as sales,
        sum(cancelled_orders) as cancelled_orders,
        sum(cancelled_sales) as cancelled_sales,
        sum(refunded_sales) as refunded_sales,
        sum(net_sales) as net_sales,
        sum(transaction_fees) as transaction_fees,
        sum(charged) as charged,
        sum(processing_fees) as processing_fees,
        sum(paid_back) as paid_back,
        sum(visits) as visits,
        sum(converted_visits) as converted_visits
    from shop_days
    group by date_day
),

buyer_days as (
    select
        placed_on as date_day,
        count(distinct buyer_id) as active_buyers
    from orders
    group by placed_on
),

-- What the plans that shops were on when the day ended bring in a month.
recurring_revenue as (
    select
        days.date_day,
        sum(subscriptions.monthly_price) as monthly_recurring_revenue
    from days
    inner join subscriptions
        on
            subscriptions.started_at < dateadd(day, 1, days.date_day)
            and (subscriptions.ended_at >= dateadd(day, 1, days.date_day) or subscriptions.ended_at is null)
    group by days.date_day
)

select
    days.date_day,
    cast(coalesce(shop_day_totals.orders, 0) as number(38, 0)) as orders,
    cast(coalesce(shop_day_totals.order_lines, 0) as number(38, 0)) as order_lines,
    cast(coalesce(shop_day_totals.sales, 0) as number(12, 2)) as sales,
    cast(round(shop_day_totals.sales / nullif(shop_day_totals.orders, 0), 2) as number(12, 2)) as average_order_value,
    cast(coalesce(shop_day_totals.cancelled_orders, 0) as number(38, 0)) as cancelled_orders,
    cast(coalesce(shop_day_totals.cancelled_sales, 0) as number(12, 2)) as cancelled_sales,
    cast(coalesce(shop_day_totals.refunded_sales, 0) as number(12, 2)) as refunded_sales,
    cast(coalesce(shop_day_totals.net_sales, 0) as number(12, 2)) as net_sales,
    cast(coalesce(shop_day_totals.transaction_fees, 0) as number(12, 2)) as transaction_fees,
    cast(coalesce(recurring_revenue.monthly_recurring_revenue, 0) as number(12, 2)) as monthly_recurring_revenue,
    cast(coalesce(shop_day_totals.active_shops, 0) as number(38, 0)) as active_shops,
    cast(coalesce(buyer_days.active_buyers, 0) as number(38, 0)) as active_buyers,
    cast(coalesce(shop_day_totals.charged, 0) as number(12, 2)) as charged,
    cast(coalesce(shop_day_totals.processing_fees, 0) as number(12, 2)) as processing_fees,
    cast(coalesce(shop_day_totals.paid_back, 0) as number(12, 2)) as paid_back,
    cast(coalesce(shop_day_totals.visits, 0) as number(38, 0)) as visits,
    cast(coalesce(shop_day_totals.converted_visits, 0) as number(38, 0)) as converted_visits,
    cast(
        round(shop_day_totals.converted_visits / nullif(shop_day_totals.visits, 0), 4) as number(5, 4)
    ) as conversion_rate
from days
left join shop_day_totals on days.date_day = shop_day_totals.date_day
left join buyer_days on days.date_day = buyer_days.date_day
left join recurring_revenue on days.date_day = recurring_revenue.date_day
