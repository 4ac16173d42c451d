select name from {{ source('elsewhere', 'things') }}
