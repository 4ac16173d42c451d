-- Each warehouse name with the id it had last.
select warehouse_name, max(warehouse_id) as warehouse_id
from _history.main.warehouse_changes
group by warehouse_name
