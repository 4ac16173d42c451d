with products as (
    select * from {{ ref('stg_storefront__products') }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
),

-- One row per product that was sold.
sold as (
    select
        product_id,
        min(placed_at) as first_sold_at,
        max(placed_at) as last_sold_at
    from order_lines
    group by product_id
)

select
    coalesce(products.product_id, sold.product_id) as product_id,
    products.product_id is not null as is_in_catalogue,
    coalesce(products.department, 'NOT IN CATALOGUE') as department,
    products.category,
    products.product_type,
    products.brand,
    products.package_size,
    products.manufacturer_id,
    products.listed_at,
    sold.first_sold_at,
    sold.last_sold_at
from products
full outer join sold on products.product_id = sold.product_id
