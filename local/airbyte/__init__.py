"""Airbyte for a laptop: the public API, and an engine that runs connectors by the Airbyte protocol.

Production has a real Airbyte. This stands in for it where there is none, behind the same API, so that the platform's
own code (the provider's hook, our operator, provisioning) is the same in both places.
"""
