{{ config(
    materialized='incremental',
    incremental_strategy='microbatch',
    event_time='placed_at',
    batch_size='day',
    begin=var('first_day') | string,
    lookback=1
) }}
select order_id, amount, placed_at from {{ ref('stg_orders') }}
