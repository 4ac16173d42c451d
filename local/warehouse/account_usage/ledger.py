"""Closing the books: what warehouses cost up to an hour of the clock is worked out once and kept.

A year of statements takes seconds to work out and never changes again; what came since the last full hour takes
milliseconds. The books are kept in memory and made anew at each start, so no old version of the rules outlives them.
"""

import logging
import re
import time
from datetime import datetime

import duckdb

from .catalog import derived

logger = logging.getLogger(__name__)

# Statements are on record a second after they end, and changes of a warehouse too.
_CLOSABLE = """
    SELECT date_trunc('hour', least(now() - interval 5 minutes, (SELECT min(start_time) FROM _history.main.running)))
"""
# Worked out once, for all that stand on them.
_HELD = ("work", "epochs", "kept", "runs", "shares")


class Ledger:
    """The tables of `derived/closed.sql`; not safe for several threads at once."""

    def __init__(self, duck: duckdb.DuckDBPyConnection):
        self._duck = duck.cursor()
        self._until: datetime | None = None

    def settle(self) -> None:
        """Close every hour that can be closed now."""
        (until,) = self._duck.execute(_CLOSABLE).fetchone() or (None,)
        if until is not None and (self._until is None or until > self._until):
            self.close(until)

    def close(self, until: datetime) -> None:
        """Close the hours before `until`, a full hour in which and before which no statement still runs."""
        started = time.perf_counter()
        self._duck.begin()
        try:
            self._close(until)
        except BaseException:
            self._duck.rollback()
            raise
        self._duck.commit()
        self._until = until
        logger.debug("warehouse costs closed until %s in %.1f s", until.isoformat(), time.perf_counter() - started)

    def _close(self, until: datetime) -> None:
        for name in _HELD:
            self._duck.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {_held(name)}")
        run = self._duck.execute
        run(
            f"INSERT INTO snowflake._derived.closed_hours SELECT * FROM ({_held('recent_hours')}) WHERE hour < $1",
            [until],
        )
        run(
            f"CREATE OR REPLACE TEMP TABLE ended AS SELECT * FROM ({_held('recent_attributions')}) WHERE ends <= $1",
            [until],
        )
        run(f"CREATE OR REPLACE TEMP TABLE begun AS {_BEGUN}", [until])
        run(f"CREATE OR REPLACE TEMP TABLE carried AS {_CARRIED}", [until])
        run("INSERT INTO snowflake._derived.closed_attributions FROM temp.ended")
        ended = "ends > snowflake._derived.until() AND ends <= $1"
        run(f"INSERT INTO snowflake._derived.closed_runs SELECT * FROM temp.runs WHERE {ended}", [until])
        for name in ("begun", "carried"):
            run(f"DELETE FROM snowflake._derived.{name}")
            run(f"INSERT INTO snowflake._derived.{name} FROM temp.{name}")
        self._close_accesses(until)
        run("UPDATE snowflake._derived.closed SET until = $1", [until])
        for name in (*_HELD, "ended", "begun", "carried", "accessed", "examples"):
            run(f"DROP TABLE temp.{name}")

    def _close_accesses(self, until: datetime) -> None:
        """One statement of each new pattern stands for all that access the same."""
        run = self._duck.execute
        run(f"CREATE OR REPLACE TEMP TABLE accessed AS {_ACCESSED}", [until])
        run(f"CREATE OR REPLACE TEMP TABLE examples AS {_EXAMPLES}")
        examples = derived("recent_accesses").replace("_history.main.accesses", "temp.examples")
        run(
            "INSERT INTO snowflake._derived.patterns "
            "SELECT pattern, direct_objects_accessed, base_objects_accessed, objects_modified "
            f"FROM ({examples}) INNER JOIN temp.accessed USING (query_id)"
        )
        run("INSERT INTO snowflake._derived.closed_accesses FROM temp.accessed")


def _held(name: str) -> str:
    """A derived view's SQL over the tables held."""
    return re.sub(rf"\bsnowflake\._derived\.({'|'.join(_HELD)})\b", r"temp.\1", derived(name))


# A statement across `until` has a moment there: it is a full hour.
_BEGUN = """
    SELECT w.query_id, last.each_so_far - first.each_so_far + coalesce(begun.credits, 0) AS credits
    FROM temp.work w
    INNER JOIN temp.shares first
        ON first.warehouse_name = w.warehouse_name AND first.moment = w.counts_from
    INNER JOIN temp.shares last ON last.warehouse_name = w.warehouse_name AND last.moment = $1
    LEFT JOIN snowflake._derived.begun ON begun.query_id = w.query_id
    WHERE w.is_attributable AND w.begins < $1 AND w.ends > $1
"""
_CARRIED = """
    SELECT k.warehouse_name, r.begins AS run_begins, k.begins, k.busy_until AS ends
    FROM (
        SELECT warehouse_name, unnest(arg_max({begins: begins, busy_until: busy_until}, {ends: ends, begins: begins}))
        FROM temp.kept
        WHERE begins < $1 AND busy_until IS NOT NULL
        GROUP BY warehouse_name
    ) k
    ASOF INNER JOIN temp.runs r ON r.warehouse_name = k.warehouse_name AND r.begins <= k.begins
"""
_ACCESSED = """
    SELECT
        query_id, query_start_time, user_name,
        sum(hash(access_role, object_domain, object_id, object_name, columns)::hugeint)::hugeint AS pattern
    FROM _history.main.accesses
    WHERE query_start_time >= snowflake._derived.until() AND query_start_time < $1
    GROUP BY query_id, query_start_time, user_name
"""
_EXAMPLES = """
    SELECT *
    FROM _history.main.accesses
    WHERE query_id IN (
        SELECT min(query_id)
        FROM temp.accessed
        WHERE pattern NOT IN (SELECT pattern FROM snowflake._derived.patterns)
        GROUP BY pattern
    )
"""
