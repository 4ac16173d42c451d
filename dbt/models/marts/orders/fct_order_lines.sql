{{
    config(
        materialized='incremental',
        unique_key='order_line_id',
        on_schema_change='fail'
    )
}}

with order_lines as (
    select * from {{ ref('stg_storefront__order_lines') }}
),

orders as (
    select * from {{ ref('stg_storefront__orders') }}
),

products as (
    select * from {{ ref('stg_storefront__products') }}
),

-- One row per line whose order has been loaded too; the others wait for the next load.
joined as (
    select
        order_lines.order_line_id,
        order_lines.order_id,
        orders.shop_id,
        orders.buyer_id,
        order_lines.product_id,
        orders.placed_at,
        order_lines.quantity,
        order_lines.sales_value,
        order_lines.retail_discount,
        order_lines.coupon_discount,
        order_lines.coupon_match_discount,
        products.product_id is not null as is_in_catalogue,
        -- Fuel at the pump is recorded by the thousandth of a gallon, fuel paid ahead as one piece of any price.
        coalesce(products.product_type = 'GASOLINE-REG UNLEADED' and order_lines.quantity > 1, false) as is_pumped_fuel,
        greatest(order_lines.loaded_at, orders.loaded_at, coalesce(products.loaded_at, orders.loaded_at)) as loaded_at
    from order_lines
    inner join orders on order_lines.order_id = orders.order_id
    left join products on order_lines.product_id = products.product_id
)

select
    order_line_id,
    order_id,
    shop_id,
    buyer_id,
    product_id,
    placed_at,
    cast(placed_at as date) as placed_on,
    is_in_catalogue,
    is_pumped_fuel,
    quantity,
    case when not is_pumped_fuel then quantity end as items,
    cast(case when is_pumped_fuel then quantity / 1000 end as number(12, 3)) as gallons,
    sales_value,
    retail_discount,
    coupon_discount,
    coupon_match_discount,
    loaded_at
from joined
where {{ loaded_since_last_run('loaded_at') }}
