with source as (
    select * from {{ source('storefront', 'subscriptions') }}
)

select
    subscription_id,
    shop_id,
    plan_id,
    status as subscription_status,
    {{ utc('started_at') }} as started_at,
    {{ utc('ended_at') }} as ended_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
