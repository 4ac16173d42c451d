with source as (
    select * from {{ source('payments', 'balance_transactions') }}
)

select
    id as balance_transaction_id,
    type as transaction_type,
    source as source_id,
    {{ cents_to_dollars('amount') }} as amount,
    {{ cents_to_dollars('fee') }} as fee,
    {{ cents_to_dollars('net') }} as net,
    {{ utc_from_unix('created') }} as created_at,
    {{ utc_from_unix('available_on') }} as available_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
