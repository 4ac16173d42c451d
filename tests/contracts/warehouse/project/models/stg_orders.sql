{{ config(materialized='view') }}
select
    order_id,
    shop_id,
    amount,
    payload:status::varchar as status,
    placed_at,
    updated_at
from {{ source('shop', 'orders') }}
