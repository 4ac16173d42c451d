"""The HTTP API: Airbyte's public one, the part of the Config API that tells why, and controls for tests."""
