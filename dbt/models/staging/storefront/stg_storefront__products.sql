with source as (
    select * from {{ source('storefront', 'products') }}
)

select
    product_id,
    manufacturer_id,
    department,
    brand,
    category,
    product_type,
    package_size,
    {{ utc('created_at') }} as listed_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
