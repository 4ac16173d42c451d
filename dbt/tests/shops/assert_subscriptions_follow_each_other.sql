-- Fails if a shop is on two plans at once, or on none for a while: its orders would count twice, or have no plan.
with subscriptions as (
    select
        *,
        lead(started_at) over (partition by shop_id order by started_at) as next_started_at
    from {{ ref('fct_subscriptions') }}
)

select
    subscription_id,
    shop_id,
    ended_at,
    next_started_at
from subscriptions
where ended_at is distinct from next_started_at
