"""A local Slack: its Web API and a page that shows the channel, so that the firehose can be run, broken and looked at
without a workspace, a token or a network."""
