with source as (
    select * from {{ source('storefront', 'order_lines') }}
)

select
    order_line_id,
    order_id,
    product_id,
    quantity,
    {{ money('sales_value') }} as sales_value,
    {{ money('retail_discount') }} as retail_discount,
    {{ money('coupon_discount') }} as coupon_discount,
    {{ money('coupon_match_discount') }} as coupon_match_discount,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
