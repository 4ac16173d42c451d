"""The engine: runs a connector, loads what it emits, and keeps state only for what has been loaded."""
