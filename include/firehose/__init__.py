"""The data firehose: everything that happens becomes an event in an outbox, and one dispatcher tells one Slack channel.

Senders never talk to Slack: a lost reply there is a silent duplicate and a rate limit is a lost message. They write an
event with a deterministic id, so that two roads reporting one fact make one row, and return.
"""
