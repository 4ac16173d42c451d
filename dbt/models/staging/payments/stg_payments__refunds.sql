with source as (
    select * from {{ source('payments', 'refunds') }}
)

select
    id as refund_id,
    charge as charge_id,
    balance_transaction as balance_transaction_id,
    status as refund_status,
    reason as refund_reason,
    {{ cents_to_dollars('amount') }} as amount,
    {{ utc_from_unix('created') }} as refunded_at,
    {{ utc('_airbyte_extracted_at') }} as loaded_at
from source
