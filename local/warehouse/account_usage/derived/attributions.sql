-- The compute credits of each statement: in every moment the statements that are busy share the warehouse equally.
from snowflake._derived.closed_attributions
union all
from snowflake._derived.recent_attributions
