select id, (select max(value) from {{ source('lab', 'switches') }} where name = 'd') as value from {{ ref('a') }}
