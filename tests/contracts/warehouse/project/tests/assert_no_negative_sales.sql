-- Fails if a day of a shop has negative sales.
select * from {{ ref('daily_sales') }} where sales < 0
