"""Webhooks of GitHub and Buildkite: from a signed request to events in the outbox."""
