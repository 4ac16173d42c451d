with source as (
    select * from {{ source('storefront', 'plans') }}
)

select
    plan_id,
    name as plan_name,
    {{ money('monthly_price') }} as monthly_price,
    cast(round(transaction_fee_rate, 4) as number(6, 4)) as transaction_fee_rate,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
