with source as (
    select * from {{ source('storefront', 'shops') }}
)

select
    shop_id,
    name as shop_name,
    slug as shop_slug,
    city,
    state,
    country,
    status as shop_status,
    {{ utc('opened_at') }} as opened_at,
    {{ utc('updated_at') }} as updated_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
