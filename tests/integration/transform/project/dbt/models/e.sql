select c.id from {{ ref('c') }} as c inner join {{ ref('d') }} as d on c.id = d.id
