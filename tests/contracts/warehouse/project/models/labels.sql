{{ config(materialized='table') }}
select code, name, 'It''s ' || name as label from {{ ref('countries') }}
