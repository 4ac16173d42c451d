"""Airbyte as this platform uses it: `provision` makes it equal to the declarations, `builder.sync` makes the task."""
