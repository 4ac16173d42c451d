select id, cast((select max(value) from {{ source('lab', 'switches') }} where name = 'b') as integer) as value
from {{ ref('a') }}
