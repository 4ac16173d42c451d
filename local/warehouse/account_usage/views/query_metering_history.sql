-- There are no adaptive warehouses here.
select null as query_id where false
