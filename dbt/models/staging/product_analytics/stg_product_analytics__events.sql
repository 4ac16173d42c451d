with source as (
    select * from {{ source('product_analytics', 'events') }}
)

select
    uuid as event_id,
    event_type,
    try_to_number(user_id) as buyer_id,
    device_id,
    session_id::number(38, 0) as session_id,
    platform,
    os_name,
    event_properties:shop_id::number(38, 0) as shop_id,
    event_properties:order_id::number(38, 0) as order_id,
    event_properties:product_id::number(38, 0) as product_id,
    {{ utc('event_time') }} as occurred_at,
    {{ utc('server_upload_time') }} as uploaded_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
