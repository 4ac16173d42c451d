#!/bin/sh
# What of the official PostgreSQL image's entry point the platform relies on: the first start makes a cluster with the
# superuser's password from a file, and then the server runs as its own account.
set -eu
data=/var/lib/postgresql/data
mkdir -p "$data"
chown -R postgres:postgres "$data"
as_postgres() {
    setpriv --reuid=postgres --regid=postgres --init-groups --reset-env \
        env PATH="$PATH" PGDATA="$data" PGPORT="${PGPORT:-5432}" "$@"
}
if [ ! -s "$data/PG_VERSION" ]; then
    password=$(mktemp)
    cat "$POSTGRES_PASSWORD_FILE" >"$password"
    chown postgres "$password"
    as_postgres initdb --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --pwfile="$password" --pgdata="$data"
    rm "$password"
    echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups --reset-env \
    env PATH="$PATH" PGDATA="$data" PGPORT="${PGPORT:-5432}" "$@" -c listen_addresses='*'
