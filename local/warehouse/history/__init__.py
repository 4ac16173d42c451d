"""The record of what happened: every statement, what it read and changed, every object, login and warehouse change.

The local warehouse's ACCOUNT_USAGE is built over it, so that whoever asks Snowflake about itself can ask here too and
gets facts. `tables.sql` is the interface: what is kept, and what each column means.

A statement only leaves a note (`statement`, `facts`); one thread works the notes into rows a few times a second
(`recorder`), reading each statement's text again to see what it touched (`accesses`) and keeping track of which object
bears which name (`catalog`). Whoever reads the record has the notes worked in first, and so sees his own statement.
"""
