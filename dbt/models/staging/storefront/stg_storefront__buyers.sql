with source as (
    select * from {{ source('storefront', 'buyers') }}
)

select
    buyer_id,
    age_band,
    income_band,
    home_ownership,
    marital_status,
    household_size,
    household_composition,
    kids_count,
    {{ utc('created_at') }} as joined_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
