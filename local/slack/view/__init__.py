"""The page: the channel as Slack would show it, rendered on the server so that it is whole without a script."""
