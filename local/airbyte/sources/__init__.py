"""Sources of our own, run as subprocesses by the Airbyte protocol like any other connector."""
