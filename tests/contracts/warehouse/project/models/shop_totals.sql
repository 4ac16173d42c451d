{{ config(materialized='table', contract={'enforced': true}) }}
select
    shop_id,
    sum(amount)::number(38, 2) as sales,
    max(placed_at)::timestamp_tz as last_order_at,
    null::timestamp_ntz as closed_at
from {{ ref('stg_orders') }}
group by shop_id
