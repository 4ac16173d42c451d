{{ config(materialized='incremental', unique_key='id') }}
select coalesce(max(id), 0) + 1 as id from {{ this if is_incremental() else ref('a') }}
