#!/bin/sh
# Copy everything that the stack of docker-compose.yaml holds into a folder: backup.sh FOLDER
# The databases are dumped while they run; a stand-in is stopped for as long as its volume is copied.
set -eu
cd "$(dirname "$0")/../.."
folder=${1:?Name the folder that the backup goes to: deploy/compose/backup.sh backup/}
mkdir -p "$folder"
for database in airflow firehose storefront; do
    docker compose exec -T postgres pg_dump --username postgres --format custom "$database" >"$folder/$database.partial"
    mv "$folder/$database.partial" "$folder/$database.dump"
done
for service in warehouse airbyte slack world; do
    # A service that is not of this deployment has nothing to keep.
    docker compose ps --all --services | grep -qx "$service" || continue
    docker compose stop "$service"
    docker compose run --rm --no-deps -T --entrypoint tar "$service" --create --directory /opt/airflow/state "$service" \
        >"$folder/$service.partial"
    mv "$folder/$service.partial" "$folder/$service.tar"
    docker compose start "$service"
done
echo "The backup is in $folder. Keep .env with it: what Airflow has encrypted can only be read with its key."
