-- As many seconds of work as its switch says, more or less.
with chosen as (
    select n from {{ source('lab', 'numbers') }}
    where n <= (select max(cast(value as integer)) from {{ source('lab', 'switches') }} where name = 'slow') * 400
)

select count(*) as n
from chosen as x
cross join {{ source('lab', 'numbers') }} as y
where md5(x.n || '-' || y.n) like 'abc%'
