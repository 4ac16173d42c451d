#!/bin/sh
# Keys for the programs that log in to Snowflake: makes the private keys in FOLDER that are not there yet, and prints the
# SQL that gives Snowflake their public halves.
#
#   sh deploy/snowflake/keys.sh FOLDER | snow sql --stdin
#
# To change a key: remove its .p8 file and run it again, then hand the new file to the program.
set -eu

folder=${1:?"Say in which folder the keys are, or should be made: sh deploy/snowflake/keys.sh FOLDER"}
umask 077
mkdir -p "$folder"

echo "use role securityadmin;"
for user in LOADER TRANSFORMER META; do
    private="$folder/$(echo "$user" | tr '[:upper:]' '[:lower:]').p8"
    [ -f "$private" ] || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$private"
    public=$(openssl pkey -in "$private" -pubout | sed '/-----/d' | tr -d '\n')
    echo "alter user $user set rsa_public_key = '$public';"
done
