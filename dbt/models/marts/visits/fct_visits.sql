{{
    config(
        materialized='incremental',
        unique_key='visit_id',
        on_schema_change='fail'
    )
}}

with events as (
    select
        *,
        device_id || '/' || session_id || '/' || shop_id as visit_id
    from {{ ref('stg_product_analytics__events') }}
    -- Amplitude's -1: an event outside of any session, such as a push message.
    where session_id <> -1
),

-- A late event changes a visit that was counted before, so the whole visit is built again.
changed_visits as (
    select distinct visit_id
    from events
    where {{ loaded_since_last_run('loaded_at') }}
)

select
    events.visit_id,
    events.shop_id,
    max(events.buyer_id) as buyer_id,
    max(events.platform) as platform,
    min(events.occurred_at) as started_at,
    cast(min(events.occurred_at) as date) as started_on,
    max(events.occurred_at) as ended_at,
    cast(count(*) as number(38, 0)) as events,
    cast(count_if(events.event_type = 'product_viewed') as number(38, 0)) as products_viewed,
    count_if(events.event_type = 'checkout_started') > 0 as has_started_checkout,
    cast(count_if(events.event_type = 'order_completed') as number(38, 0)) as orders,
    count_if(events.event_type = 'order_completed') > 0 as has_converted,
    max(events.uploaded_at) as uploaded_at,
    max(events.loaded_at) as loaded_at
from events
inner join changed_visits on events.visit_id = changed_visits.visit_id
group by
    events.visit_id,
    events.shop_id
