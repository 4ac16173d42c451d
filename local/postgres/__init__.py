"""A PostgreSQL server for a laptop: the one that pip installs, run in the foreground on a TCP port of 127.0.0.1."""
