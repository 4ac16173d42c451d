#!/bin/sh
# One Python environment per stand-in, where a laptop has it too: .venvs/<name>, from its own constraints.
set -eu
for name in airbyte slack warehouse world airbyte/connectors; do
    folder=".venvs/$(basename "$name")"
    python -m venv "$folder"
    "$folder/bin/pip" install --no-cache-dir --disable-pip-version-check \
        --requirement "local/$name/requirements.txt" --constraint "local/$name/constraints.txt"
done
