#!/bin/sh
# Fill an empty stack of docker-compose.yaml from a backup: restore.sh FOLDER
set -eu
cd "$(dirname "$0")/../.."
folder=${1:?Name the folder that holds the backup: deploy/compose/restore.sh backup/}
[ -f "$folder/airflow.dump" ] || { echo "$folder holds no backup: there is no airflow.dump in it." >&2; exit 1; }
docker compose up --detach --wait postgres
if docker compose exec -T postgres psql --username postgres --list --quiet --tuples-only --no-align | grep -q '^airflow|'; then
    echo "There is a stack already. Remove it with its data first: make clean STACK=compose" >&2
    exit 1
fi
docker compose run --rm --no-deps -T prepare python deploy/image/prepare.py --databases-only
for database in airflow firehose storefront; do
    docker compose exec -T postgres pg_restore --username postgres --no-owner --role "$database" --dbname "$database" \
        <"$folder/$database.dump"
done
for archive in "$folder"/*.tar; do
    [ -f "$archive" ] || continue
    service=$(basename "$archive" .tar)
    docker compose run --rm --no-deps -T --entrypoint tar "$service" --extract --directory /opt/airflow/state <"$archive"
done
echo "Restored. Start it: make up STACK=compose"
