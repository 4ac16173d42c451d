from snowflake._derived.closed_hours
union all
from snowflake._derived.recent_hours
