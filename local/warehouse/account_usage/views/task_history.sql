-- There are no tasks in the local warehouse.
select null as name where false
