with source as (
    select * from {{ source('payments', 'charges') }}
)

select
    id as charge_id,
    metadata:order_id::number(38, 0) as order_id,
    metadata:shop_id::number(38, 0) as shop_id,
    metadata:buyer_id::number(38, 0) as buyer_id,
    balance_transaction as balance_transaction_id,
    status as charge_status,
    currency,
    {{ cents_to_dollars('amount') }} as amount,
    {{ utc_from_unix('created') }} as charged_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
