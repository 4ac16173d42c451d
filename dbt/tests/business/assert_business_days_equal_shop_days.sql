-- Fails if the business's days leave out a day between the first and the last, or do not add up to the shops' days.
with business as (
    select
        count(*) as days,
        datediff(day, min(date_day), max(date_day)) + 1 as days_between,
        sum(orders) as orders,
        sum(sales) as sales,
        sum(visits) as visits
    from {{ ref('fct_business_days') }}
),

shops as (
    select
        sum(orders) as orders,
        sum(sales) as sales,
        sum(visits) as visits
    from {{ ref('fct_shop_days') }}
)

select
    business.*,
    shops.orders as shop_orders,
    shops.sales as shop_sales,
    shops.visits as shop_visits
from business
cross join shops
where
    business.days <> business.days_between
    or business.orders <> shops.orders
    or business.sales <> shops.sales
    or business.visits <> shops.visits
