select 1 as id, (select max(value) from {{ source('lab', 'switches') }} where name = 'a') as value, current_timestamp() as built_at
