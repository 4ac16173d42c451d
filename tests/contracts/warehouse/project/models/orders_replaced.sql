{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}
select order_id, amount, updated_at from {{ ref('stg_orders') }}
