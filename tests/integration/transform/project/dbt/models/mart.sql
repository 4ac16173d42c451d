select e.id, o.name from {{ ref('e') }} as e cross join {{ ref('other') }} as o
