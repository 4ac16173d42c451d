with shops as (
    select * from {{ ref('stg_storefront__shops') }}
),

current_subscriptions as (
    select * from {{ ref('fct_subscriptions') }}
    where is_current
)

select
    shops.shop_id,
    shops.shop_name,
    shops.shop_slug,
    shops.city,
    shops.state,
    shops.country,
    shops.shop_status,
    shops.opened_at,
    current_subscriptions.plan_id,
    current_subscriptions.plan_name,
    current_subscriptions.monthly_price,
    current_subscriptions.transaction_fee_rate,
    current_subscriptions.started_at as plan_started_at
from shops
left join current_subscriptions on shops.shop_id = current_subscriptions.shop_id
