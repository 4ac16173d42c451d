with subscriptions as (
    select * from {{ ref('stg_storefront__subscriptions') }}
),

plans as (
    select * from {{ ref('stg_storefront__plans') }}
)

select
    subscriptions.subscription_id,
    subscriptions.shop_id,
    subscriptions.plan_id,
    plans.plan_name,
    plans.monthly_price,
    plans.transaction_fee_rate,
    subscriptions.started_at,
    subscriptions.ended_at,
    subscriptions.ended_at is null as is_current
from subscriptions
left join plans on subscriptions.plan_id = plans.plan_id
