"""Begin a question: `python -m include.metalayer.new_query NAME` writes a file that is valid and answers something.

It asks who ran how many statements; every line is there to be replaced. docs/how-to/add-a-meta-query.md has the rest.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from include.metalayer.query import QUERIES

NAME = re.compile(r"[a-z][a-z0-9_]*")
TEMPLATE = """\
/*
title: {title}
question: Who ran how many statements in the last seven days?
why: Say what somebody does differently once the answer is known.
owner: data
group: health
views: [ACCOUNT_USAGE.QUERY_HISTORY]
database_roles: [GOVERNANCE_VIEWER]
edition: standard
latency_minutes: 45
rhythm: daily
columns:
  - {{name: user_name, title: User, unit: name}}
  - {{name: statements, title: Statements, unit: count}}
  - {{name: last_at, title: Last, unit: time}}
key: [user_name]
headline: {{column: statements, of: sum, unit: count, words: statements in seven days}}
attention:
  - column: statements
    above: 1000000
    words: "{{user_name}} ran {{statements}} statements in seven days"
*/
select
    user_name,
    count(query_id) as statements,
    convert_timezone('UTC', max(start_time)) as last_at
from snowflake.account_usage.query_history
where start_time >= dateadd('day', -7, current_timestamp())
group by user_name
order by statements desc, user_name
"""


def begin(name: str, folder: Path = QUERIES) -> Path:
    """Write the file of a new question and return where it is.

    Raises ValueError for a name that no question can have, FileExistsError for one that there is.
    """
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name for a question: small letters, digits and underscores, a letter first.")
    path = folder / f"{name}.sql"
    title = name.replace("_", " ").capitalize()
    with path.open("x", encoding="utf-8") as file:
        # The page has room for 34 characters.
        file.write(TEMPLATE.format(title=title[:34].strip()))
    return path


def main(arguments: list[str]) -> int:
    """Write it and say what comes next."""
    if len(arguments) != 1:
        print("Name the question: make new-query NAME=sleeping_warehouses", file=sys.stderr)
        return 2
    try:
        path = begin(arguments[0])
    except FileExistsError as error:
        print(f"{error.filename} is there already: choose another name, or change that file.", file=sys.stderr)
        return 1
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"Wrote {path}. Replace what it asks, then: make test-fast, and docs/how-to/add-a-meta-query.md from step 2 on."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
