with buyers as (
    select * from {{ ref('stg_storefront__buyers') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

-- One row per buyer who ordered.
orders_of_buyer as (
    select
        buyer_id,
        count(*) as orders,
        sum(net_sales) as net_sales,
        min(placed_at) as first_ordered_at,
        max(placed_at) as last_ordered_at
    from orders
    group by buyer_id
)

select
    buyers.buyer_id,
    buyers.age_band,
    buyers.income_band,
    buyers.home_ownership,
    buyers.marital_status,
    buyers.household_size,
    buyers.household_composition,
    buyers.kids_count,
    buyers.joined_at,
    cast(coalesce(orders_of_buyer.orders, 0) as number(38, 0)) as orders,
    cast(coalesce(orders_of_buyer.net_sales, 0) as number(12, 2)) as net_sales,
    orders_of_buyer.first_ordered_at,
    orders_of_buyer.last_ordered_at
from buyers
left join orders_of_buyer on buyers.buyer_id = orders_of_buyer.buyer_id
