with source as (
    select * from {{ source('payments', 'payouts') }}
)

select
    id as payout_id,
    balance_transaction as balance_transaction_id,
    {{ cents_to_dollars('amount') }} as amount,
    {{ utc_from_unix('created') }} as paid_out_at,
    {{ utc_from_unix('arrival_date') }} as arrives_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
