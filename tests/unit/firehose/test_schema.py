"""The outbox's schema files: numbered without a gap, so that "in order" means one order."""

from __future__ import annotations

import re

from include.firehose.database import SCHEMA


def test_schema_files_are_numbered_without_a_gap():
    names = sorted(file.name for file in SCHEMA.iterdir())
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names), names
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
