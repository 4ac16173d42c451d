with source as (
    select * from {{ source('storefront', 'orders') }}
)

select
    order_id,
    shop_id,
    buyer_id,
    status as order_status,
    currency,
    {{ money('total_amount') }} as total_amount,
    {{ money('refunded_amount') }} as refunded_amount,
    {{ utc('placed_at') }} as placed_at,
    {{ utc('fulfilled_at') }} as fulfilled_at,
    {{ utc('cancelled_at') }} as cancelled_at,
    {{ utc('refunded_at') }} as refunded_at,
    {{ utc('updated_at') }} as updated_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
